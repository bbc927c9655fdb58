/** Tensors of one row, in the dtypes that LiteRT.js has. */
import { texts } from "../i18n";
import { DeviceError } from "./errors";
import { type Spec, rowShape } from "./manifest";

const say = texts({
  range: ["“{name}” has {value}, which is outside the range of {dtype}.", "“{name}”的值 {value} 超出 {dtype} 的范围。"],
  whole: ["“{name}” needs whole numbers, not {value}.", "“{name}”需要整数，而不是 {value}。"],
  count: ["“{name}” needs one row of {expected} numbers, got {got}.", "“{name}”需要一行 {expected} 个数值，实际为 {got} 个。"],
});

export type Data = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

export interface Tensor {
  readonly data: Data;
  /** With the batch, which is 1. */
  readonly shape: readonly number[];
}

const LIMITS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
};

/** Return numbers as a tensor; NaN stands for a missing value. Raises DeviceError. */
export function tensorOf(spec: Spec, numbers: readonly number[]): Tensor {
  const row = rowShape(spec);
  const expected = row.reduce((product, size) => product * size, 1);
  if (numbers.length !== expected) throw new DeviceError(say.count({ name: spec.name, expected, got: numbers.length }));
  for (const value of numbers) checkNumber(spec, value);
  return { data: arrayOf(spec.dtype, numbers), shape: spec.shape.length ? [1, ...row] : [] };
}

/** Return an array of a dtype, of a length or with values. */
export function arrayOf(dtype: string, values: number | ArrayLike<number>): Data {
  const made = dtype === "int32" ? Int32Array : dtype === "uint8" ? Uint8Array : Float32Array;
  return typeof values === "number" ? new made(values) : new made(values);
}

/** Raise DeviceError for a number that a dtype cannot hold. */
export function checkNumber({ name, dtype }: Pick<Spec, "name" | "dtype">, value: number): void {
  const limits = LIMITS[dtype];
  if (limits && !Number.isInteger(value)) throw new DeviceError(say.whole({ name, value }));
  const outside = limits ? value < limits[0] || value > limits[1] : !Number.isNaN(value) && !Number.isFinite(Math.fround(value));
  if (outside) throw new DeviceError(say.range({ name, value, dtype }));
}
