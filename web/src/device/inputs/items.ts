/** Items: names and indices as a padded row of indices, as `src/lightship/inputs/items.py` makes it. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import { type Spec, rowShape } from "../manifest";
import { tensorOf } from "../tensor";
import type { DeviceKind } from "./kind";

const say = texts({
  unknown: ["“{name}” has no item “{item}”.", "“{name}”中没有项目“{item}”。"],
  many: ["“{name}” takes at most {most} items, got {got}.", "“{name}”最多接受 {most} 个项目，实际为 {got} 个。"],
});

export const ITEMS: DeviceKind = {
  decode: (value, spec) => {
    const items = [value].flat(2).filter((item) => item !== undefined);
    const most = rowShape(spec)[0] ?? 1;
    if (items.length > most) throw new DeviceError(say.many({ name: spec.name, most, got: items.length }));
    const pad = Number(spec.kind?.pad ?? -1);
    return tensorOf(spec, Array.from({ length: most }, (_, at) => (at < items.length ? indexOf(items[at], spec, pad) : pad)));
  },
};

const indexes = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

function indexOf(item: unknown, spec: Spec, pad: number): number {
  if (item === null) return pad;
  const names = spec.items ?? [];
  const known = indexes.get(names) ?? new Map(names.map((name, index) => [name, index]));
  indexes.set(names, known);
  const index = typeof item === "string" ? known.get(item.trim()) : indexFrom(item, known, names.length, pad);
  if (index === undefined) throw new DeviceError(say.unknown({ name: spec.name, item: String(item).slice(0, 80) }));
  return index;
}

/** Return a number that is an index or that of padding; undefined where it is the name of another one. */
function indexFrom(item: unknown, known: ReadonlyMap<string, number>, count: number, pad: number): number | undefined {
  if (typeof item !== "number" || (known.get(String(item)) ?? item) !== item) return undefined;
  return item === pad || (Number.isInteger(item) && item >= 0 && item < count) ? item : undefined;
}
