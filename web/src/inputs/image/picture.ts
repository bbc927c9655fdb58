/** Images that people choose, as the API takes them: PNG or JPEG of a moderate size. */
import type { InputField } from "../../api/types";
import { bytes, number, texts } from "../../i18n";
import type { Raw } from "../kind";
import { type MediaType, base64, isSendable } from "./encoding";

const say = texts({
  unreadable: ["{name} is not an image that this browser can read. Choose a PNG or JPEG file.", "浏览器无法读取图像 {name}。请选择 PNG 或 JPEG 文件。"],
  file: ["This file", "该文件"],
  whole: ["{width} × {height} pixels, {size}.", "{width} × {height} 像素，{size}。"],
  smaller: ["{width} × {height} pixels, {size}; made smaller in the page to {to}.", "{width} × {height} 像素，{size}；已在页面中缩小到 {to}。"],
});

/** Larger files and images are made smaller before they are sent: a request holds a few megabytes, the server takes 25 megapixels. */
const MOST_BYTES = 2_000_000;
const MOST_PIXELS = 16_000_000;
/** The longer side of an image that was made smaller, at least. */
const SIDE = 1024;

/** Return an image file as the raw input of a form; raises Error with a sentence for people. */
export async function pictureOf(file: Blob, field: InputField): Promise<Raw> {
  const bitmap = await decoded(file);
  const { width, height } = bitmap;
  try {
    const facts = { width: number(width), height: number(height), size: bytes(file.size) };
    if (file.size <= MOST_BYTES && width * height <= MOST_PIXELS && (await isSendable(file))) {
      return { b64: await base64(file), note: say.whole(facts) };
    }
    const side = Math.max(SIDE, 2 * (field.width ?? 0), 2 * (field.height ?? 0));
    const small = await resized(bitmap, side / Math.max(width, height, side), field.channels === 4 ? "image/png" : "image/jpeg");
    return { b64: await base64(small), note: say.smaller({ ...facts, to: bytes(small.size) }) };
  } finally {
    bitmap.close();
  }
}

/** Return the pixels of an image, turned upright as its EXIF data says. */
export async function decoded(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(say.unreadable({ name: file instanceof File ? file.name : say.file() }));
  }
}

export async function resized(bitmap: ImageBitmap, scale: number, type: MediaType): Promise<Blob> {
  const size = (length: number) => Math.max(1, Math.round(length * scale));
  return redrawn(bitmap, size(bitmap.width), size(bitmap.height), type);
}

/** Return an image of a width and height, without keeping its proportions. */
export async function redrawn(bitmap: CanvasImageSource, width: number, height: number, type: MediaType): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error(say.unreadable({ name: say.file() }));
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return canvas.convertToBlob({ type, quality: 0.92 });
}

/** Return the mean brightness of an image from 0, black, to 1. */
export async function brightness(file: Blob): Promise<number> {
  const bitmap = await decoded(file);
  const context = new OffscreenCanvas(16, 16).getContext("2d");
  context?.drawImage(bitmap, 0, 0, 16, 16);
  bitmap.close();
  const pixels = context?.getImageData(0, 0, 16, 16).data ?? new Uint8ClampedArray();
  const values = [...pixels].filter((_, index) => index % 4 !== 3);
  return values.reduce((sum, value) => sum + value, 0) / 255 / Math.max(1, values.length);
}
