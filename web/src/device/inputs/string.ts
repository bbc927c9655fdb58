/** Strings in nested lists, in which a text may replace missing ones. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import type { Spec } from "../manifest";
import { stringsOf } from "../tensor";
import { type DeviceKind, missing } from "./kind";

const say = texts({
  string: ["“{name}” needs a text, not {value}.", "“{name}”需要文本，而不是 {value}。"],
  utf8: ["“{name}” has half of a character, which is not UTF-8.", "“{name}”包含不完整的字符，不是有效的 UTF-8。"],
});

export const STRING: DeviceKind = {
  decode: (value, spec) => stringsOf(spec, stringsIn(value, spec, spec.kind?.default)),
};

function stringsIn(value: unknown, spec: Spec, filling: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => stringsIn(item, spec, filling));
  const text = value ?? filling;
  if (text === undefined || text === null) throw missing(spec.name);
  if (typeof text !== "string") throw new DeviceError(say.string({ name: spec.name, value: JSON.stringify(text).slice(0, 40) }));
  if (/\p{Surrogate}/u.test(text)) throw new DeviceError(say.utf8({ name: spec.name }));
  return [text];
}
