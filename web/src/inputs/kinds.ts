import type { InputField } from "../api/types";
import { COLUMNS, columnsOf } from "./columns/columns";
import { IMAGE } from "./image/image";
import { ITEMS } from "./items/items";
import { JSON_INPUT } from "./json";
import type { InputKind } from "./kind";
import { TEXT } from "./text";

/** Return how an input is edited: by its kind, or as JSON where a form has no fields for it. */
export function kindOf(field: InputField): InputKind {
  if (field.kind === "image") return IMAGE;
  if (field.kind === "items") return ITEMS;
  if (field.kind === "text" && (field.columns?.length ?? 1) === 1) return TEXT;
  return columnsOf(field) ? COLUMNS : JSON_INPUT;
}
