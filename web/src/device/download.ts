/** The files of a version that a device runs, from the server. */
import { modelPath, request } from "../api/client";
import type { Form } from "../api/types";
import { parseManifest, planOf } from "./manifest";
import type { Files } from "./model";
import { checkDigest } from "./storage/digest";

export interface Downloaded {
  readonly manifest: string;
  readonly files: Files;
  readonly sha256: string;
}

export async function manifestOf({ model, version }: Form, signal?: AbortSignal): Promise<string> {
  return (await request(modelPath(model, version, "/manifest.json"), signal ? { signal } : {})).text();
}

/** Download the files of a version and compare their digests; raises ApiError, or DeviceError where devices cannot run it. */
export async function downloaded(form: Form, signal?: AbortSignal): Promise<Downloaded> {
  const manifest = await manifestOf(form, signal);
  const { file, digests } = await planOf(parseManifest(manifest));
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const [path, sha256] of Object.entries(digests)) {
    const content = await fileOf(form, path, signal);
    if (globalThis.isSecureContext) await checkDigest(path, content, sha256);
    files[path] = content;
  }
  return { manifest, files, sha256: digests[file] ?? "" };
}

export async function fileOf({ model, version }: Form, file: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await request(modelPath(model, version, `/${file}`), { headers: { accept: "*/*" }, ...(signal && { signal }) });
  return new Uint8Array(await response.arrayBuffer());
}
