/** Images as base64 text of PNG or JPEG files. */

export type MediaType = "image/png" | "image/jpeg";

const JPEG_BASE64 = "/9j/";

/** Return an address of an image for elements of the page. */
export function dataAddress(b64: string): string {
  return `data:${mediaType(b64)};base64,${b64}`;
}

export function mediaType(b64: string): MediaType {
  return b64.startsWith(JPEG_BASE64) ? "image/jpeg" : "image/png";
}

/** Return whether a file is a PNG or JPEG by its first bytes; its name and declared type may be wrong. */
export async function isSendable(file: Blob): Promise<boolean> {
  const [a, b, c] = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  return (a === 0x89 && b === 0x50 && c === 0x4e) || (a === 0xff && b === 0xd8 && c === 0xff);
}

export function base64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1] ?? "");
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(file);
  });
}

/** Return the bytes of base64 text. */
export function blobOf(b64: string): Blob {
  const bytes = Uint8Array.from(atob(b64), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: mediaType(b64) });
}
