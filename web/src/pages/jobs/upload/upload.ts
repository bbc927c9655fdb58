/** Send files to the storage directly, by presigned URLs; a large file in parts. */
import { post } from "../../../api/client";
import { patiently } from "./patience";
import { put } from "./put";

interface Place {
  readonly key: string;
  readonly folder: string;
  /** For a file that one PUT can hold. */
  readonly url?: string;
  readonly upload?: string;
  readonly part_bytes?: number;
  readonly parts?: readonly string[];
}

/** What starts a job: the key, and the parts to complete. */
export interface Uploaded {
  readonly key: string;
  readonly parts?: { readonly upload: string; readonly etags: readonly string[] };
}

export interface Progress {
  readonly sent: number;
  readonly total: number;
  /** Whether the connection is lost, and the upload continues later. */
  readonly waiting: boolean;
}

export interface Following {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

const TOGETHER = 4;
/** A larger data file is sent in parts of this size: a lost connection costs one of them. */
const PART = 16 * 1024 ** 2;

/** Upload one data file, or images into one folder. Raises ApiError, or the reason of the signal. */
export async function upload(files: readonly File[], following: Following, { folder = false } = {}): Promise<Uploaded> {
  const meter = new Meter(files.reduce((sum, file) => sum + file.size, 0), following);
  const [first, ...others] = named(files);
  if (!first) throw new Error("no file");
  if (!folder) return single(first, meter);
  const { folder: place } = await whole(first, meter);
  const rest = [...others];
  const worker = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) await whole(next, meter, place);
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  return { key: place };
}

interface Named {
  readonly name: string;
  readonly file: File;
}

/** Return the files under different names: images of two folders may have the same. */
function named(files: readonly File[]): readonly Named[] {
  const taken = new Set<string>();
  return files.map((file, position) => {
    const name = taken.has(file.name) ? `${position}-${file.name}` : file.name;
    taken.add(name);
    return { name, file };
  });
}

async function single({ name, file }: Named, meter: Meter): Promise<Uploaded> {
  if (file.size <= PART) return { key: (await whole({ name, file }, meter)).key };
  const place = () => ask({ name, size: file.size, part_bytes: PART }, meter);
  const { key, upload: id = "", part_bytes: size = file.size, parts = [] } = await meter.patiently(name, place);
  const etags: string[] = [];
  for (const [position, url] of parts.entries()) {
    const part = file.slice(position * size, (position + 1) * size);
    etags.push(await meter.send(`${name}/${position}`, () => Promise.resolve(url), part));
  }
  return { key, parts: { upload: id, etags } };
}

/** Send a file by one PUT; each attempt has a new URL, because an old one may have expired. */
async function whole({ name, file }: Named, meter: Meter, folder = ""): Promise<Place> {
  let place: Place | undefined;
  const url = async () => {
    const known = place?.folder ?? folder;
    place = await ask({ name, size: file.size, ...(known && { folder: known }) }, meter);
    return place.url ?? "";
  };
  await meter.send(name, url, file);
  return place as unknown as Place;
}

interface Wanted {
  readonly name: string;
  readonly size: number;
  readonly part_bytes?: number;
  readonly folder?: string;
}

async function ask(upload: Wanted, { following }: Meter): Promise<Place> {
  return (await post<Place>("jobs", { upload }, following.signal)).value;
}

/** Adds up what is sent of all bodies. */
class Meter {
  private readonly sent = new Map<string, number>();
  private waiting = false;

  constructor(
    private readonly total: number,
    readonly following: Following,
  ) {}

  /** Send a body under a name of its own. */
  send(name: string, url: () => Promise<string>, body: Blob): Promise<string> {
    const { signal } = this.following;
    const onSent = (bytes: number) => this.report(name, bytes);
    return this.patiently(name, async () => put(await url(), body, { signal, onSent }));
  }

  /** Run a task of a name patiently; what a failed attempt sent does not count. */
  patiently<T>(name: string, task: () => Promise<T>): Promise<T> {
    const onWaiting = (waiting: boolean) => {
      this.waiting = waiting;
      this.report(name, 0);
    };
    return patiently(task, { signal: this.following.signal, onWaiting });
  }

  private report(name: string, bytes: number): void {
    this.sent.set(name, bytes);
    const sent = [...this.sent.values()].reduce((sum, each) => sum + each, 0);
    this.following.onProgress({ sent: Math.min(sent, this.total), total: this.total, waiting: this.waiting });
  }
}
