/** Objects of a job's output, which are read from the storage by presigned URLs. */
import { get, request } from "../../../api/client";
import type { Job, Receipt } from "../status";

/** As much of an object as a preview reads. */
const HEAD = 64 * 1024;

export function receiptOf(job: Job, signal: AbortSignal): Promise<Receipt> {
  return get<Receipt>(path(job, "receipt.json"), signal);
}

/** Return the name of an output by its key: the rest after the job's prefix. */
export function outputName(job: Job, key: string): string {
  const prefix = (job.receipt ?? "").slice(0, -"receipt.json".length);
  return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}

/** Return the complete lines at the beginning of a text object. */
export async function head(job: Job, name: string, signal: AbortSignal): Promise<string> {
  const response = await request(path(job, name), { signal, headers: { range: `bytes=0-${HEAD - 1}` } });
  const text = await response.text();
  return response.status === 206 && text.length >= HEAD / 4 ? text.slice(0, text.lastIndexOf("\n") + 1) || text : text;
}

/** Return a presigned URL of an output, which a link can use without a token. */
export async function link(job: Job, name: string): Promise<string> {
  const response = await request(path(job, name)); // not a range: an empty object has none
  await response.body?.cancel();
  return response.url;
}

function path(job: Job, name: string): string {
  return `jobs/${job.id}/output/${name.split("/").map(encodeURIComponent).join("/")}`;
}
