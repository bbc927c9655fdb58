/** Tensors of one row. */
import { texts } from "../i18n";
import { DeviceError } from "./errors";
import { type Spec, rowShape } from "./manifest";

const say = texts({
  range: ["“{name}” has {value}, which is outside the range of {dtype}.", "“{name}”的值 {value} 超出 {dtype} 的范围。"],
  whole: ["“{name}” needs whole numbers, not {value}.", "“{name}”需要整数，而不是 {value}。"],
  count: ["“{name}” needs one row of {expected} values, got {got}.", "“{name}”需要一行 {expected} 个值，实际为 {got} 个。"],
});

export type Dtype = "bool" | "uint8" | "int32" | "int64" | "float32" | "float64";

/** Numbers that a double holds. Booleans are 0 and 1. */
export type Doubles = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Numbers by dtype; those of int64 are `bigint`. */
export type Data = Doubles | BigInt64Array<ArrayBuffer>;

export interface Numbers {
  readonly dtype: Dtype;
  readonly data: Data;
  /** With the batch, which is 1. */
  readonly shape: readonly number[];
}

/** Strings of bytes: each character of a string is one byte. */
export interface Strings {
  readonly dtype: "string";
  readonly data: readonly string[];
  readonly shape: readonly number[];
}

export type Tensor = Numbers | Strings;

const LIMITS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint8: [0, 255],
  bool: [0, 1],
};

/** Return numbers as a tensor; NaN stands for a missing value. Raises DeviceError. */
export function tensorOf(spec: Spec, numbers: readonly number[]): Numbers {
  checkCount(spec, numbers.length);
  for (const value of numbers) checkNumber(spec, value);
  const dtype = spec.dtype as Dtype;
  return { dtype, data: arrayOf(dtype, numbers), shape: shapeOf(spec) };
}

/** Return texts as a tensor; raises DeviceError. */
export function stringsOf(spec: Spec, values: readonly string[]): Strings {
  checkCount(spec, values.length);
  return { dtype: "string", data: values.map(bytesOf), shape: shapeOf(spec) };
}

/** Return the UTF-8 of a text, one character for each byte. */
export function bytesOf(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

function checkCount(spec: Spec, got: number): void {
  const expected = rowShape(spec).reduce((product, size) => product * size, 1);
  if (got !== expected) throw new DeviceError(say.count({ name: spec.name, expected, got }));
}

function shapeOf(spec: Spec): readonly number[] {
  return spec.shape.length ? [1, ...rowShape(spec)] : [];
}

/** Return an array of a dtype, of a length or with values. Integers beyond the dtype wrap. */
export function arrayOf(dtype: "int64", values: ArrayLike<number | bigint>): BigInt64Array<ArrayBuffer>;
export function arrayOf(dtype: Exclude<Dtype, "int64">, values: number | ArrayLike<number>): Doubles;
export function arrayOf(dtype: Dtype, values: number | ArrayLike<number>): Data;
export function arrayOf(dtype: Dtype, values: number | ArrayLike<number | bigint>): Data {
  if (dtype === "int64") return typeof values === "number" ? new BigInt64Array(values) : BigInt64Array.from(Array.from(values, BigInt));
  const made = ARRAYS[dtype];
  return typeof values === "number" ? new made(values) : new made(values as ArrayLike<number>);
}

const ARRAYS = { bool: Uint8Array, uint8: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array } as const;

/** Raise DeviceError for a number that a dtype cannot hold. */
export function checkNumber({ name, dtype }: Pick<Spec, "name" | "dtype">, value: number): void {
  const limits = LIMITS[dtype];
  if (limits && !Number.isInteger(value)) throw new DeviceError(say.whole({ name, value }));
  const rounded = dtype === "float32" ? Math.fround(value) : value;
  const outside = limits ? value < limits[0] || value > limits[1] : !Number.isNaN(value) && !Number.isFinite(rounded);
  if (outside) throw new DeviceError(say.range({ name, value, dtype }));
}
