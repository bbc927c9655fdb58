/** Pixels of an image: 8 bits for each channel, and Pillow's conversions between modes. */

export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1 (L), 3 (RGB) or 4 (RGBA). */
  readonly channels: number;
}

/** Return RGBA pixels in the mode L, RGB or RGBA. */
export function inMode(image: Pixels, mode: string): Pixels {
  if (mode === "RGBA") return image;
  const channels = mode === "L" ? 1 : 3;
  const data = new Uint8Array(image.width * image.height * channels);
  for (let from = 0, to = 0; from < image.data.length; from += 4, to += channels) {
    if (channels === 1) data[to] = luma(image.data, from);
    else data.set(image.data.subarray(from, from + 3), to);
  }
  return { ...image, data, channels };
}

/** Return the brightness of a pixel as Pillow computes it, in integers (ITU-R 601-2). */
function luma(data: Uint8Array, at: number): number {
  return (19595 * (data[at] ?? 0) + 38470 * (data[at + 1] ?? 0) + 7471 * (data[at + 2] ?? 0) + 0x8000) >> 16;
}

/** Return RGBA pixels whose colours are multiplied by alpha, as Pillow does before it resizes. */
export function premultiplied({ data, ...image }: Pixels): Pixels {
  const made = data.slice();
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] ?? 0;
    for (let channel = at; channel < at + 3; channel++) {
      const product = (data[channel] ?? 0) * alpha + 128;
      made[channel] = ((product >> 8) + product) >> 8;
    }
  }
  return { ...image, data: made };
}

/** Undo `premultiplied`. */
export function unmultiplied({ data, ...image }: Pixels): Pixels {
  const made = data.slice();
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] ?? 0;
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel++) {
      made[channel] = Math.min(255, Math.floor((255 * (data[channel] ?? 0)) / alpha));
    }
  }
  return { ...image, data: made };
}
