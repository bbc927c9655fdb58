/** SHA-256 of files. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";

const say = texts({
  insecure: ["The browser checks files only on pages with HTTPS or on localhost.", "浏览器仅在 HTTPS 或 localhost 页面上校验文件。"],
  differs: [
    "The file {file} is not the one that was published: its digest differs. It is not used.",
    "文件 {file} 与发布的文件不一致：摘要不同，因此不会使用它。",
  ],
});

/** Raise DeviceError unless a file has a digest, in hexadecimal. */
export async function checkDigest(file: string, content: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  if (!globalThis.crypto?.subtle) throw new DeviceError(say.insecure());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) throw new DeviceError(say.differs({ file }));
}
