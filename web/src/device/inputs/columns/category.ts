/** Categories: the index of one of the given texts, or one number for each of them. */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import type { Conversion, Options } from "./columns";

const say = texts({ unknown: ["“{name}” has no category {value}.", "“{name}”没有类别 {value}。"] });

/** The index of an unknown category that is all zeros. */
const ZEROS = -1;

export function category(name: string, options: Options): Conversion {
  const values = (options.values ?? []) as readonly string[];
  const indices = new Map(values.map((value, index) => [value, index]));
  const other = unknownIndex(options, indices);
  const oneHot = options.output === "one_hot";
  const convert = (cell: unknown) => {
    // An integer is the category of its digits.
    const text = Number.isInteger(cell) ? String(cell) : cell;
    const index = typeof text === "string" ? (indices.get(text) ?? other) : null;
    if (index === null) throw new DeviceError(say.unknown({ name, value: JSON.stringify(cell).slice(0, 40) }));
    return oneHot ? values.map((_, position) => Number(position === index)) : [index];
  };
  return { width: oneHot ? values.length : 1, convert };
}

/** Return the index of texts that are no category; null where they are refused. */
function unknownIndex({ unknown = "error", output }: Options, indices: ReadonlyMap<string, number>): number | null {
  if (typeof unknown === "number") return unknown;
  if (unknown === "error") return null;
  return unknown === "ignore" && output === "one_hot" ? ZEROS : (indices.get(String(unknown)) ?? null);
}
