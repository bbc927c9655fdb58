/** Repeat what a lost connection or a busy server interrupted. */
import type { ApiError } from "../../../api/client";
import { asError } from "../../../api/loading";

const ATTEMPTS = 6;
const FIRST = 1000;
const LONGEST = 15_000;

interface Patience {
  readonly signal: AbortSignal;
  /** Receives true when an attempt failed, and false when the next one begins. */
  readonly onWaiting: (waiting: boolean) => void;
}

/** Run a task up to six times; while the browser is offline, the attempts do not count. */
export async function patiently<T>(task: () => Promise<T>, { signal, onWaiting }: Patience): Promise<T> {
  for (let attempt = 1; ; ) {
    try {
      return await task();
    } catch (error) {
      if (signal.aborted || attempt >= ATTEMPTS || !worthRepeating(asError(error))) throw error;
      onWaiting(true);
      if (navigator.onLine) await pause(Math.min(LONGEST, FIRST * 2 ** (attempt++ - 1)), signal);
      else await online(signal);
      onWaiting(false);
    }
  }
}

/** No answer, an expired URL of the storage, too many requests, or an error of the server. */
function worthRepeating({ code, status }: ApiError): boolean {
  return code === "connection_lost" || status === 429 || status >= 500 || (status === 403 && code === "upload");
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
    window.addEventListener("online", () => resolve(), { once: true });
  });
}

function online(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    window.addEventListener("online", () => resolve(), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
