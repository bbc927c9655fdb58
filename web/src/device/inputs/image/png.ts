/**
 * PNG files as RGBA pixels. A canvas would multiply the colours by alpha and lose some of them, and the browser applies colour
 * profiles; Pillow does neither.
 */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import { samplesOf } from "./png-lines";
import type { Pixels } from "./pixels";

const say = texts({ large: ["The image has more than {megapixels} megapixels.", "图像超过 {megapixels} 百万像素。"] });

const MOST_PIXELS = 25_000_000;

const [GRAY, RGB, PALETTE, GRAY_ALPHA] = [0, 2, 3, 4];

export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/** Return the RGBA pixels of a PNG file; raises Error where it is broken. */
export async function pngPixels(file: Uint8Array<ArrayBuffer>): Promise<Pixels> {
  const chunks = chunksOf(file);
  const find = (type: string) => chunks.find((chunk) => chunk.type === type)?.data ?? new Uint8Array();
  const header = headerOf(find("IHDR"));
  if (header.width * header.height > MOST_PIXELS) throw new DeviceError(say.large({ megapixels: MOST_PIXELS / 1e6 }));
  const parts = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const inflated = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const samples = samplesOf(new Uint8Array(await new Response(inflated).arrayBuffer()), header);
  return { data: coloured(samples, header, find("PLTE"), find("tRNS")), width: header.width, height: header.height, channels: 4 };
}

export function chunksOf(file: Uint8Array): readonly Chunk[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    chunks.push({ type: String.fromCharCode(...file.subarray(at + 4, at + 8)), data: file.slice(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function headerOf(data: Uint8Array): Header {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [depth = 0, colour = 0, , , interlace = 0] = data.subarray(8);
  return { width: view.getUint32(0), height: view.getUint32(4), depth, colour, interlaced: interlace === 1 };
}

/** Return the samples of a pixel by colour type. */
export function samplesPerPixel({ colour }: Header): number {
  return colour === GRAY || colour === PALETTE ? 1 : colour === GRAY_ALPHA ? 2 : colour === RGB ? 3 : 4;
}

function coloured(samples: Uint8Array, header: Header, palette: Uint8Array, transparency: Uint8Array): Uint8Array {
  const count = samplesPerPixel(header);
  const made = new Uint8Array(header.width * header.height * 4);
  const pixel = pixelOf(header, palette, transparency);
  for (let from = 0, to = 0; to < made.length; from += count, to += 4) made.set(pixel(samples, from), to);
  return made;
}

type PixelOf = (samples: Uint8Array, at: number) => readonly number[];

/** Return the function that makes R, G, B and alpha of samples, as Pillow's conversion to RGBA. */
function pixelOf({ colour, depth }: Header, palette: Uint8Array, transparency: Uint8Array): PixelOf {
  const clear = depth > 8 ? [] : [...transparency].filter((_, index) => index % 2 === 1);
  if (colour === PALETTE) {
    return (samples, at) => {
      const index = samples[at] ?? 0;
      return [...palette.subarray(3 * index, 3 * index + 3), transparency[index] ?? 255];
    };
  }
  if (colour === GRAY || colour === GRAY_ALPHA) {
    return (samples, at) => {
      const value = samples[at] ?? 0;
      return [value, value, value, colour === GRAY ? (value === clear[0] ? 0 : 255) : (samples[at + 1] ?? 0)];
    };
  }
  if (colour !== RGB) return (samples, at) => [...samples.subarray(at, at + 4)];
  return (samples, at) => {
    const rgb = [...samples.subarray(at, at + 3)];
    return [...rgb, clear.length === 3 && rgb.every((value, index) => value === clear[index]) ? 0 : 255];
  };
}
