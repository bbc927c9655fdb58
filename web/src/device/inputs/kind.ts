/** Decoding of one input: its JSON value to a tensor, equal to that of `src/lightship/inputs` on the server. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import type { Spec } from "../manifest";
import type { Tensor } from "../tensor";

const say = texts({
  missing: ["“{name}” is missing.", "缺少“{name}”。"],
  number: ["“{name}” needs a number, not {value}.", "“{name}”需要数值，而不是 {value}。"],
  rows: ["The page predicts one row at a time on the device.", "在设备上每次只能预测一行。"],
});

export interface DeviceKind {
  /** Return the tensor of one row; raises DeviceError. `undefined` is an absent input. */
  readonly decode: (value: unknown, spec: Spec) => Tensor | Promise<Tensor>;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function missing(name: string): DeviceError {
  return new DeviceError(say.missing({ name }));
}

/** Return the only item of a list of rows. */
export function onlyRow(rows: readonly unknown[]): unknown {
  if (rows.length !== 1) throw new DeviceError(say.rows());
  return rows[0];
}

/** Return the numbers of nested lists in their order; `gap` is the number of null, undefined where null is refused. */
export function numbersOf(value: unknown, name: string, gap?: number): number[] {
  if (Array.isArray(value)) return value.flatMap((item) => numbersOf(item, name, gap));
  if (value === null || value === undefined) {
    if (gap === undefined) throw missing(name);
    return [gap];
  }
  if (typeof value !== "number") throw new DeviceError(say.number({ name, value: JSON.stringify(value).slice(0, 40) }));
  return [value];
}
