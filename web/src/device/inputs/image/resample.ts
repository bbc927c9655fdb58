/** Resizing with Pillow's BILINEAR filter, equal to it in every pixel: a triangle that covers all pixels of a smaller image's pixel. */
import { type Pixels, premultiplied, unmultiplied } from "./pixels";

/** Bits after the point of a weight: 8 bits are for the pixel and two for overflow. */
const PRECISION = 22;

/** The pixels that one pixel is made of, from `start`, and their weights. */
interface Window {
  readonly start: number;
  readonly weights: Int32Array;
}

export function resized(image: Pixels, width: number, height: number): Pixels {
  if (image.width === width && image.height === height) return image;
  return image.channels === 4 ? unmultiplied(passes(premultiplied(image), width, height)) : passes(image, width, height);
}

function passes(image: Pixels, width: number, height: number): Pixels {
  if (downFirst(image, width, height)) return across(down(image, height), width);
  return down(across(image, width), height);
}

/** Whether Pillow 13 resizes the columns first. Each pass rounds, so the order changes pixels. */
function downFirst(image: Pixels, width: number, height: number): boolean {
  return image.height > height && image.height - height > 2 * (image.width - width);
}

function across(image: Pixels, width: number): Pixels {
  return image.width === width ? image : resizedAcross(image, width);
}

function down(image: Pixels, height: number): Pixels {
  return image.height === height ? image : resizedDown(image, height);
}

function resizedAcross({ data, width, height, channels }: Pixels, to: number): Pixels {
  const made = new Uint8Array(to * height * channels);
  windows(width, to).forEach((window, x) => {
    for (let y = 0; y < height; y++) {
      for (let channel = 0; channel < channels; channel++) {
        const first = (y * width + window.start) * channels + channel;
        made[(y * to + x) * channels + channel] = weighted(data, first, channels, window.weights);
      }
    }
  });
  return { data: made, width: to, height, channels };
}

function resizedDown({ data, width, height, channels }: Pixels, to: number): Pixels {
  const line = width * channels;
  const made = new Uint8Array(line * to);
  windows(height, to).forEach((window, y) => {
    for (let x = 0; x < line; x++) made[y * line + x] = weighted(data, window.start * line + x, line, window.weights);
  });
  return { data: made, width, height: to, channels };
}

function weighted(data: Uint8Array, first: number, step: number, weights: Int32Array): number {
  let sum = 1 << (PRECISION - 1);
  for (let index = 0; index < weights.length; index++) sum += (data[first + index * step] ?? 0) * (weights[index] ?? 0);
  return Math.min(255, Math.max(0, sum >> PRECISION));
}

function windows(from: number, to: number): readonly Window[] {
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: to }, (_, index) => {
    const center = (index + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    return { start, weights: weightsOf(start, end, center, 1 / support) };
  });
}

function weightsOf(start: number, end: number, center: number, slope: number): Int32Array {
  const raw = Array.from({ length: end - start }, (_, index) => Math.max(0, 1 - Math.abs((index + start - center + 0.5) * slope)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return Int32Array.from(raw, (weight) => 0.5 + (total ? weight / total : weight) * (1 << PRECISION));
}
