/** Lines of a PNG's inflated data: their filters, depths and interlacing. */
import { type Header, samplesPerPixel } from "./png";

/** Passes of Adam7: the first column and line, and the steps. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

const PALETTE = 3;

/** Return the samples of all pixels with 8 bits each; an index of a palette stays as it is. Raises RangeError where data is missing. */
export function samplesOf(data: Uint8Array, header: Header): Uint8Array {
  const count = samplesPerPixel(header);
  const made = new Uint8Array(header.width * header.height * count);
  let at = 0;
  for (const [left, top, right, down] of header.interlaced ? ADAM7 : WHOLE) {
    const width = Math.ceil((header.width - left) / right);
    const height = Math.ceil((header.height - top) / down);
    if (width <= 0 || height <= 0) continue;
    const bytes = Math.ceil((width * count * header.depth) / 8);
    let above = new Uint8Array(bytes);
    for (let y = 0; y < height; y++, at += bytes + 1) {
      if (at + bytes + 1 > data.length) throw new RangeError("the image ends early");
      above = unfiltered(data[at] ?? 0, data.slice(at + 1, at + 1 + bytes), above, Math.max(1, (count * header.depth) >> 3));
      const line = widened(above, width * count, header);
      for (let x = 0; x < width; x++) {
        made.set(line.subarray(x * count, (x + 1) * count), ((top + y * down) * header.width + left + x * right) * count);
      }
    }
  }
  return made;
}

/** Return a line without its filter; changes and returns `line`. */
function unfiltered(filter: number, line: Uint8Array<ArrayBuffer>, above: Uint8Array, step: number): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < line.length; at++) {
    const left = at < step ? 0 : (line[at - step] ?? 0);
    const corner = at < step ? 0 : (above[at - step] ?? 0);
    line[at] = (line[at] ?? 0) + predicted(filter, left, above[at] ?? 0, corner);
  }
  return line;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  return filter === 4 ? paeth(left, up, corner) : 0;
}

function paeth(left: number, up: number, corner: number): number {
  const [byLeft, byUp, byCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** Return the samples of a line with 8 bits each: the higher byte of 16 bits, and fewer bits spread over 0 to 255. */
function widened(line: Uint8Array, count: number, { depth, colour }: Header): Uint8Array {
  if (depth === 8) return line;
  if (depth === 16) return line.filter((_, index) => index % 2 === 0);
  const most = (1 << depth) - 1;
  const factor = colour === PALETTE ? 1 : 255 / most;
  return Uint8Array.from({ length: count }, (_, index) => {
    const bit = index * depth;
    return (((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & most) * factor;
  });
}
