/** Drafts in addresses: as base64url of JSON, which needs no further escapes. */
import type { Form } from "../../../api/types";
import { type Draft, firstDraft } from "../../../inputs/draft";
import { base64, blobOf } from "../../../inputs/image/encoding";
import { decoded, redrawn } from "../../../inputs/image/picture";
import type { Raw } from "../../../inputs/kind";

/** Characters of an image in a link; longer links are cut off by some programs. */
const IMAGE = 4000;

export interface Linked {
  readonly input: string;
  /** Whether an image was left out. */
  readonly partial: boolean;
}

/** Return a draft for an address, with images that are small enough. */
export async function linked(form: Form, draft: Draft): Promise<Linked> {
  const images = new Set(form.inputs.filter(({ kind }) => kind === "image").map(({ name }) => name));
  const raws: Record<string, Raw> = {};
  let partial = false;
  for (const field of form.inputs) {
    const raw = draft.raws[field.name] ?? {};
    const b64 = images.has(field.name) ? await small(raw.b64 ?? "", field.width ?? 0, field.height ?? 0) : null;
    if (b64 === "" && raw.b64) partial = true;
    raws[field.name] = b64 === null ? raw : { b64 };
  }
  const text = draft.asJson ? draft.json : "";
  const kept = text.length <= IMAGE ? text : "";
  return { input: encoded({ raws, json: kept, asJson: draft.asJson && kept !== "" }), partial: partial || kept !== text };
}

/** Return an image with at most {@link IMAGE} characters: as it is, or with the model's size, or "". */
async function small(b64: string, width: number, height: number): Promise<string> {
  if (b64.length <= IMAGE || !width || !height) return b64.length <= IMAGE ? b64 : "";
  const bitmap = await decoded(blobOf(b64));
  try {
    for (const type of ["image/png", "image/jpeg"] as const) {
      const text = await base64(await redrawn(bitmap, width, height, type));
      if (text.length <= IMAGE) return text;
    }
    return "";
  } finally {
    bitmap.close();
  }
}

function encoded(draft: Draft): string {
  const bytes = new TextEncoder().encode(JSON.stringify(draft));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Return the draft of an address, or null where it has none for this form. */
export function draftFrom(form: Form, input: string): Draft | null {
  if (!input) return null;
  try {
    const binary = atob(input.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return checked(form, JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}

/** Keep only texts of the form's own inputs: a link may come from anyone. */
function checked(form: Form, value: { raws?: Record<string, Record<string, unknown>>; json?: unknown; asJson?: unknown }): Draft {
  const empty = firstDraft({ ...form, examples: [] });
  const raws = Object.entries(empty.raws).map(([name, raw]) => {
    const given = Object.entries(value.raws?.[name] ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    return [name, { ...raw, ...Object.fromEntries(given) }] as const;
  });
  return { raws: Object.fromEntries(raws), json: typeof value.json === "string" && value.json ? value.json : empty.json, asJson: value.asJson === true || empty.asJson };
}
