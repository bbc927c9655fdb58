/** Models that are kept in the browser's Cache Storage, for use without a network. */
import type { Form } from "../../api/types";
import { texts } from "../../i18n";
import { downloaded } from "../download";
import { DeviceError } from "../errors";
import { parseManifest, planOf } from "../manifest";
import type { DeviceModel, Files } from "../model";
import { checkDigest } from "./digest";
import { checkSpace, written } from "./quota";

const say = texts({
  gone: ["The stored files of {name} are incomplete. Remove the model and store it again.", "{name} 的存储文件不完整，请移除后重新存储。"],
  none: ["This browser stores files only for pages with HTTPS or on localhost.", "浏览器仅为 HTTPS 或 localhost 页面存储文件。"],
});

const CACHE = "lightship-models";
const RECORD = "record.json";

/** What is known of a stored model without its server. */
export interface Stored {
  readonly name: string;
  readonly version: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly form: Form;
}

/** Whether this page may store files: only with HTTPS or on localhost. */
export function canStore(): boolean {
  return globalThis.isSecureContext && "caches" in globalThis && "serviceWorker" in navigator;
}

/** Return the stored models of this page, by name. */
export async function storedModels(): Promise<readonly Stored[]> {
  if (!canStore()) return [];
  const cache = await caches.open(CACHE);
  const records = (await cache.keys()).filter(({ url }) => url.startsWith(folder()) && url.endsWith(`/${RECORD}`));
  const found = await Promise.all(records.map(async (request) => (await cache.match(request))?.json() as Promise<Stored>));
  return found.filter(Boolean).sort((a, b) => a.name.localeCompare(b.name));
}

/** Download and store a version; an older one of the model is replaced. Raises ApiError or DeviceError. */
export async function store(form: Form): Promise<Stored> {
  if (!canStore()) throw new DeviceError(say.none());
  const { manifest, files, sha256 } = await downloaded(form);
  const size = Object.values(files).reduce((total, { length }) => total + length, 0);
  const stored = { name: form.model, version: form.version, bytes: size, sha256, form };
  await checkSpace(size);
  const cache = await caches.open(CACHE);
  try {
    await written(size, async () => {
      for (const [path, content] of Object.entries(files)) await cache.put(at(stored, nameOf(path)), new Response(content));
      await cache.put(at(stored, "manifest.json"), new Response(manifest));
      await cache.put(at(stored), new Response(JSON.stringify(stored)));
    });
  } catch (error) {
    await drop(stored.name, ({ version }) => version === stored.version);
    throw error;
  }
  await drop(stored.name, ({ version }) => version !== stored.version);
  await navigator.storage?.persist?.(); // the browser may refuse: it then deletes the model when the device is full
  return stored;
}

export async function remove({ name }: Pick<Stored, "name">): Promise<void> {
  await drop(name, () => true);
}

/** Return a stored model that is ready to predict; raises DeviceError where its file is not the published one. */
export async function openStored(stored: Stored): Promise<DeviceModel> {
  const manifest = new TextDecoder().decode(await read(stored, "manifest.json"));
  const files: Record<string, Files[string]> = {};
  for (const [path, sha256] of Object.entries((await planOf(parseManifest(manifest))).digests)) {
    const content = await read(stored, nameOf(path));
    await checkDigest(path, content, sha256);
    files[path] = content;
  }
  const { deviceModel } = await import("../model");
  return deviceModel(stored.name, stored.version, manifest, files);
}

/** Return a file of a stored version; null where it is not stored. */
export async function storedFile(version: Pick<Stored, "name" | "version">, path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!canStore()) return null;
  const found = await (await caches.open(CACHE)).match(at(version, path));
  return found ? new Uint8Array(await found.arrayBuffer()) : null;
}

async function read(stored: Stored, name: string): Promise<Files[string]> {
  const found = await (await caches.open(CACHE)).match(at(stored, name));
  if (!found) throw new DeviceError(say.gone({ name: stored.name }));
  return new Uint8Array(await found.arrayBuffer());
}

/** Return the name under which a file of a bundle is stored; that of the model is the same for all bundles. */
function nameOf(path: string): string {
  return path.endsWith(".tflite") ? "model.tflite" : path;
}

/** Delete the files of a model's versions. */
async function drop(name: string, which: (stored: { version: number }) => boolean): Promise<void> {
  const cache = await caches.open(CACHE);
  const prefix = folder(name);
  for (const request of await cache.keys()) {
    if (!request.url.startsWith(prefix)) continue;
    if (which({ version: Number(request.url.slice(prefix.length).split("/", 1)[0]) })) await cache.delete(request);
  }
}

/** Return the address that stands for a stored file. No server has it. */
function at({ name, version }: Pick<Stored, "name" | "version">, file = RECORD): string {
  return `${folder(name)}${version}/${file}`;
}

function folder(name?: string): string {
  return new URL(name === undefined ? "offline/" : `offline/${encodeURIComponent(name)}/`, document.baseURI).href;
}
