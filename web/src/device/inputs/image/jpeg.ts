/**
 * JPEG files, decoded by the browser. Pillow decodes a large JPEG at a half, quarter or eighth of its size, so its pixels differ
 * from these by a few of 255 levels.
 */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import type { Pixels } from "./pixels";

const say = texts({ canvas: ["This browser cannot read the pixels of an image.", "浏览器无法读取图像的像素。"] });

/** Return RGBA pixels, upright. */
export async function jpegPixels(file: Uint8Array<ArrayBuffer>): Promise<Pixels> {
  const blob = new Blob([file], { type: "image/jpeg" });
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new DeviceError(say.canvas());
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), width, height, channels: 4 };
}
