/** The storage that the browser gives to this page. */
import { bytes, texts } from "../../i18n";
import { DeviceError } from "../errors";

const say = texts({
  full: [
    "The browser's storage for this page is full: {needed} are needed, {free} are free. Remove a stored model, or free space on the device.",
    "浏览器为本页面提供的存储空间已满：需要 {needed}，剩余 {free}。请移除已存储的模型，或释放设备空间。",
  ],
});

export interface Estimate {
  readonly used: number;
  readonly free: number;
}

export async function estimate(): Promise<Estimate> {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  return { used: usage, free: Math.max(0, quota - usage) };
}

/** Raise DeviceError unless a number of bytes can be stored. */
export async function checkSpace(needed: number): Promise<void> {
  const { used, free } = await estimate();
  if (used + free > 0 && needed > free) throw await full(needed);
}

/** Return the result of writing, with a full storage as a sentence. */
export async function written<T>(needed: number, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof Error && error.name === "QuotaExceededError") throw await full(needed);
    throw error;
  }
}

async function full(needed: number): Promise<DeviceError> {
  return new DeviceError(say.full({ needed: bytes(needed), free: bytes((await estimate()).free) }));
}
