/** Images: PNG and JPEG files to pixels of the model's size, equal to what Pillow makes of them on the server. */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import type { Spec } from "../../manifest";
import { type Dtype, type Tensor, arrayOf, tensorOf } from "../../tensor";
import { type DeviceKind, isRecord, numbersOf, onlyRow } from "../kind";
import { jpegPixels } from "./jpeg";
import { orientationOf, upright } from "./orientation";
import type { Pixels } from "./pixels";
import { inMode } from "./pixels";
import { pngPixels } from "./png";
import { resized } from "./resample";

const say = texts({
  format: ["“{name}” needs a PNG or JPEG image.", "“{name}”需要 PNG 或 JPEG 图像。"],
  broken: ["The image of “{name}” is broken.", "“{name}”的图像已损坏。"],
});

export const IMAGE: DeviceKind = {
  decode: async (value, spec) => {
    const item = Array.isArray(value) && value.length === 1 ? value[0] : value;
    const text: unknown = isRecord(item) ? item.b64 : item;
    if (typeof text === "string") return scaled(await pixelsOf(text, spec), spec);
    return tensorOf(spec, numbersOf(Array.isArray(value) && value.some(isRecord) ? onlyRow(value) : value, spec.name));
  },
};

/** Return an image in the model's mode and size. */
async function pixelsOf(b64: string, spec: Spec): Promise<Pixels> {
  const [, height = 1, width = 1] = spec.shape.map((size) => size ?? 1);
  return resized(inMode(await decoded(bytesOf(b64, spec), spec.name), String(spec.kind?.mode)), width, height);
}

function bytesOf(b64: string, { name }: Spec): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(b64), (character) => character.charCodeAt(0));
  } catch {
    throw new DeviceError(say.format({ name }));
  }
}

async function decoded(file: Uint8Array<ArrayBuffer>, name: string): Promise<Pixels> {
  const png = file[0] === 0x89 && file[1] === 0x50;
  if (!png && (file[0] !== 0xff || file[1] !== 0xd8)) throw new DeviceError(say.format({ name }));
  try {
    return png ? upright(await pngPixels(file), orientationOf(file)) : await jpegPixels(file);
  } catch (error) {
    throw error instanceof DeviceError ? error : new DeviceError(say.broken({ name }));
  }
}

/** Return `pixel * scale + offset`, each step rounded to float32 as numpy does. */
function scaled({ data, channels }: Pixels, spec: Spec): Tensor {
  const scale = perChannel(spec.kind?.scale ?? 1, channels);
  const offset = perChannel(spec.kind?.offset ?? 0, channels);
  const values = Float32Array.from(data, (pixel, index) => {
    const channel = index % channels;
    return Math.fround(pixel * (scale[channel] ?? 1)) + (offset[channel] ?? 0);
  });
  const dtype = spec.dtype as Dtype;
  return { dtype, data: arrayOf(dtype, values), shape: [1, ...spec.shape.slice(1).map((size) => size ?? 1)] };
}

function perChannel(value: unknown, channels: number): readonly number[] {
  const values = (Array.isArray(value) ? value : [value]).map((item) => Math.fround(Number(item)));
  return Array.from({ length: channels }, (_, channel) => values[channel] ?? values[0] ?? 0);
}
