/** Values of a program: construction, dtypes, and numpy's rules for them. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import { type Data, type Dtype, type Numbers, type Strings, type Tensor, arrayOf } from "../tensor";

const say = texts({
  cast: ["The preprocessing makes {value}, which is not a number of {dtype}.", "预处理得到 {value}，它不是 {dtype} 类型的数值。"],
});

export type { Data, Dtype, Numbers, Strings, Tensor };

/** A value that an operator does not take, as numpy's TypeError and ValueError. */
export class Unsuitable extends Error {}

const FLOATS: readonly string[] = ["float32", "float64"];
/** In the order in which numpy promotes integers. */
const INTEGERS: readonly Dtype[] = ["bool", "uint8", "int32", "int64"];

export function isFloat({ dtype }: Tensor): boolean {
  return FLOATS.includes(dtype);
}

/** Return a tensor of numbers as it is; raises Unsuitable for strings. */
export function numbers(value: Tensor | undefined): Numbers {
  if (!value || value.dtype === "string") throw new Unsuitable("numbers are needed");
  return value;
}

export function strings(value: Tensor | undefined): Strings {
  if (value?.dtype !== "string") throw new Unsuitable("strings are needed");
  return value;
}

/** Return the numbers of a tensor as doubles. */
export function doubles(value: Tensor | undefined): number[] {
  return Array.from(numbers(value).data as ArrayLike<number | bigint>, Number);
}

/** Return the integers of a tensor, such as positions and sizes, as doubles; those beyond 2^53 are rounded. */
export function integers(value: Tensor | undefined): number[] {
  if (isFloat(numbers(value))) throw new Unsuitable("integers are needed");
  return doubles(value);
}

/** Return the only number of a tensor. */
export function scalar(value: Tensor | undefined): number {
  const [number, ...others] = doubles(value);
  if (number === undefined || others.length) throw new Unsuitable("one number is needed");
  return number;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A number as arrays hold it: `bigint` for int64. */
export type Entry = number | bigint;

/** Return numbers of a dtype; integers beyond it wrap, as in numpy. */
export function made(dtype: Dtype, shape: readonly number[], values: ArrayLike<Entry>): Numbers {
  if (values.length !== sizeOf(shape)) throw new Unsuitable("the shape does not fit");
  const fitting = dtype === "int64" ? values : Array.from(values, (value) => (typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value));
  return { dtype, shape, data: arrayOf(dtype, fitting as ArrayLike<number>) };
}

export function madeStrings(shape: readonly number[], data: readonly string[]): Strings {
  if (data.length !== sizeOf(shape)) throw new Unsuitable("the shape does not fit");
  return { dtype: "string", shape, data };
}

/** Return the entries at positions as a tensor of a shape. */
export function taken(value: Tensor, positions: ArrayLike<number>, shape: readonly number[]): Tensor {
  if (value.dtype === "string") return madeStrings(shape, Array.from(positions, (position) => entry(value.data, position)));
  return made(value.dtype, shape, Array.from(positions, (position) => entry<Entry>(value.data, position)));
}

export function entry<T>(data: ArrayLike<T>, position: number): T {
  const found = data[position];
  if (found === undefined) throw new Unsuitable("a position is outside");
  return found;
}

/** Return the same entries in another shape. */
export function reshaped<T extends Tensor>(value: T, shape: readonly number[]): T {
  if (value.data.length !== sizeOf(shape)) throw new Unsuitable("the shape does not fit");
  return { ...value, shape };
}

/** Return the dtype of a result of two, by numpy's promotion. */
export function promoted(one: Dtype, other: Dtype): Dtype {
  if (one === other) return one;
  const [first, second] = [INTEGERS.indexOf(one), INTEGERS.indexOf(other)];
  if (first >= 0 && second >= 0) return INTEGERS[Math.max(first, second)] as Dtype;
  // float32 holds the integers of 8 bits only.
  return first > 1 || second > 1 || one === "float64" || other === "float64" ? "float64" : "float32";
}

/** Return numbers in another dtype, as numpy's `astype`; raises DeviceError where the result depends on the processor. */
export function cast(value: Numbers, dtype: Dtype): Numbers {
  if (value.dtype === dtype) return value;
  const entries = value.data as ArrayLike<Entry>;
  if (dtype === "bool") return made(dtype, value.shape, Array.from(entries, (number) => Number(Number(number) !== 0)));
  if (FLOATS.includes(dtype)) return made(dtype, value.shape, Array.from(entries, (number) => rounded(number, dtype)));
  if (isFloat(value)) return made(dtype, value.shape, Array.from(entries, (number) => whole(Number(number), dtype)));
  return made(dtype, value.shape, entries);
}

/** Return a number as a float; raises Unsuitable for an integer that would be rounded twice. */
function rounded(number: Entry, dtype: Dtype): number {
  const double = Number(number);
  if (dtype === "float32" && typeof number === "bigint" && !Number.isSafeInteger(double)) throw new Unsuitable("an integer beyond 2^53");
  return double;
}

/** The least integer of a dtype, and the first one beyond it. */
const RANGES: Readonly<Record<string, readonly [least: number, beyond: number]>> = { uint8: [0, 2 ** 8], int32: [-(2 ** 31), 2 ** 31], int64: [-(2 ** 63), 2 ** 63] };

function whole(number: number, dtype: Dtype): number {
  const cut = Math.trunc(number);
  const [least, beyond] = RANGES[dtype] ?? [0, 0];
  if (!(cut >= least && cut < beyond)) throw new DeviceError(say.cast({ value: number, dtype }));
  return cut;
}
