/** The EXIF orientation of PNG files, and turning upright. */
import type { Pixels } from "./pixels";
import { chunksOf } from "./png";

const ORIENTATION = 0x0112;

/** Where a pixel of the upright image is in the stored one, from the upright position and the stored size less one. */
const TURNS: Readonly<Record<number, (x: number, y: number, right: number, bottom: number) => readonly [x: number, y: number]>> = {
  2: (x, y, right) => [right - x, y],
  3: (x, y, right, bottom) => [right - x, bottom - y],
  4: (x, y, _, bottom) => [x, bottom - y],
  5: (x, y) => [y, x],
  6: (x, y, _, bottom) => [y, bottom - x],
  7: (x, y, right, bottom) => [right - y, bottom - x],
  8: (x, y, right) => [right - y, x],
};

/** Return the orientation of TIFF 6.0 (1 to 8) in a PNG file, 1 where it has none. */
export function orientationOf(file: Uint8Array): number {
  const exif = chunksOf(file).find(({ type }) => type === "eXIf");
  if (!exif || exif.data.length < 8) return 1;
  const view = new DataView(exif.data.buffer, exif.data.byteOffset, exif.data.byteLength);
  try {
    return orientationOfTiff(view);
  } catch {
    return 1; // some cameras write malformed data
  }
}

function orientationOfTiff(view: DataView): number {
  const little = view.getUint16(0) === 0x4949;
  const entries = view.getUint32(4, little);
  for (let entry = 0; entry < view.getUint16(entries, little); entry++) {
    const at = entries + 2 + 12 * entry;
    if (view.getUint16(at, little) === ORIENTATION) return view.getUint16(at + 8, little);
  }
  return 1;
}

export function upright(image: Pixels, orientation: number): Pixels {
  const turn = TURNS[orientation];
  if (!turn) return image;
  const [width, height] = orientation > 4 ? [image.height, image.width] : [image.width, image.height];
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = turn(x, y, image.width - 1, image.height - 1);
      const from = (fromY * image.width + fromX) * image.channels;
      data.set(image.data.subarray(from, from + image.channels), (y * width + x) * image.channels);
    }
  }
  return { ...image, data, width, height };
}
