/** The names of items: a file of the version, from this device where it is stored, else from the server. */
import { modelPath, request } from "../../api/client";
import { type Loaded, useLoaded } from "../../api/loading";
import type { Form } from "../../api/types";
import { storedFile } from "../../device/storage/stored";
import { linesOf } from "./lines";

const MOST = 4;
const kept = new Map<string, Promise<readonly string[]>>();

/** Load the names in a file of a form's version. */
export function useNames(form: Form, file: string): readonly [Loaded<readonly string[]>, () => void] {
  return useLoaded(() => namesOf(form, file), [form.model, form.version, file]);
}

/** Return the names in a file; those of the last files are kept. Raises ApiError. */
function namesOf(form: Form, file: string): Promise<readonly string[]> {
  const key = `${form.model}/${form.version}/${file}`;
  const found = kept.get(key) ?? loaded(form, file);
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MOST) kept.delete(kept.keys().next().value ?? "");
  found.catch(() => kept.delete(key));
  return found;
}

async function loaded(form: Form, file: string): Promise<readonly string[]> {
  const stored = await storedFile({ name: form.model, version: form.version }, file);
  if (stored) return linesOf(new TextDecoder().decode(stored));
  const response = await request(modelPath(form.model, form.version, `/${file}`), { headers: { accept: "*/*" } });
  return linesOf(await response.text());
}
