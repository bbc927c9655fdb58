/** Operators on numbers, booleans and strings, entry by entry, with broadcasting. */
import { commonShape, spread } from "../broadcasting";
import { type Operator, plain } from "../operator";
import { type Dtype, type Entry, type Numbers, type Tensor, Unsuitable, cast, doubles, made, madeStrings, numbers, promoted, sizeOf, strings } from "../values";

type Rounding = (value: number) => number;

/** Arithmetic in floats, whose intermediate results are rounded, and in integers; undefined where numpy has none of booleans. */
interface Arithmetic {
  readonly floats: (a: number, b: number, round: Rounding) => number;
  readonly integers: (a: bigint, b: bigint) => bigint;
  readonly booleans?: (a: number, b: number) => number;
}

const ADD: Arithmetic = { floats: (a, b) => a + b, integers: (a, b) => a + b, booleans: (a, b) => a | b };
const SUBTRACT: Arithmetic = { floats: (a, b) => a - b, integers: (a, b) => a - b };
const MULTIPLY: Arithmetic = { floats: (a, b) => a * b, integers: (a, b) => a * b, booleans: (a, b) => a & b };
const DIVIDE: Arithmetic = { floats: (a, b) => a / b, integers: (a, b) => a / b };
const FLOOR_DIVIDE: Arithmetic = { floats: floorDivided, integers: (a, b) => (b ? (a - remainder(a, b)) / b : 0n) };
const MOD: Arithmetic = { floats: modulo, integers: (a, b) => (b ? remainder(a, b) : 0n) };
// The sign of a zero among zeros of both signs depends on numpy's processor.
const MAXIMUM: Arithmetic = { floats: (a, b) => Math.max(a, b), integers: (a, b) => (a > b ? a : b), booleans: (a, b) => a | b };
const MINIMUM: Arithmetic = { floats: (a, b) => Math.min(a, b), integers: (a, b) => (a < b ? a : b), booleans: (a, b) => a & b };

export const add = (one: Numbers, other: Numbers) => computed(ADD, one, other);
export const subtract = (one: Numbers, other: Numbers) => computed(SUBTRACT, one, other);
export const multiply = (one: Numbers, other: Numbers) => computed(MULTIPLY, one, other);
export const divide = (one: Numbers, other: Numbers) => computed(DIVIDE, one, other, quotients);

/** Return integers' remainder with the sign of the divisor. */
function remainder(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

/** Return floats' remainder as numpy computes it, with the sign of the divisor. */
function modulo(a: number, b: number, round: Rounding): number {
  const rest = a % b;
  if (b === 0) return rest;
  if (rest === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
  return rest < 0 !== b < 0 ? round(rest + b) : rest;
}

function floorDivided(a: number, b: number, round: Rounding): number {
  if (b === 0) return a / b;
  const rest = a % b;
  let quotient = round(round(a - rest) / b);
  if (rest !== 0 && rest < 0 !== b < 0) quotient = round(quotient - 1);
  if (quotient === 0) return Object.is(Math.sign(a / b), -0) || a / b < 0 ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? round(floor + 1) : floor;
}

/** Return the dtype of a quotient: integers become float64. */
function quotients(one: Dtype, other: Dtype): Dtype {
  const dtype = promoted(one, other);
  return dtype === "float32" ? dtype : "float64";
}

function computed(arithmetic: Arithmetic, one: Numbers, other: Numbers, result = promoted): Numbers {
  const dtype = result(one.dtype, other.dtype);
  const shape = commonShape([one, other]);
  const [a, b] = [spreadAs(one, dtype, shape), spreadAs(other, dtype, shape)];
  const compute = functionOf(arithmetic, dtype);
  return made(dtype, shape, Array.from(a, (value, index) => compute(value, b[index] as Entry)));
}

/** Return the entries of an array in another dtype, repeated to a shape. */
function spreadAs(array: Numbers, dtype: Dtype, shape: readonly number[]): ArrayLike<Entry> {
  return spread<Entry>(cast(array, dtype).data, array.shape, shape);
}

function functionOf({ floats, integers, booleans }: Arithmetic, dtype: Dtype): (a: Entry, b: Entry) => Entry {
  if (dtype === "float64") return (a, b) => floats(Number(a), Number(b), (value) => value);
  if (dtype === "float32") return (a, b) => Math.fround(floats(Number(a), Number(b), Math.fround));
  if (dtype !== "bool") return (a, b) => integers(BigInt(a), BigInt(b));
  if (!booleans) throw new Unsuitable("numpy has no such operator of booleans");
  return (a, b) => booleans(Number(a), Number(b));
}

/** Comparison; `unordered` is the answer where one is NaN, or a string and the other a number, which only equality takes. */
function compared(sign: (order: number) => boolean, unordered: boolean, strict: boolean): Operator {
  return plain(([one, other]) => {
    if (!one || !other) throw new Unsuitable("two arrays are needed");
    const shape = commonShape([one, other]);
    if ((one.dtype === "string") !== (other.dtype === "string")) {
      if (strict) throw new Unsuitable("strings have no order with numbers");
      return made("bool", shape, new Array<number>(sizeOf(shape)).fill(Number(unordered)));
    }
    const [a, b] = comparable(one, other, shape);
    return made("bool", shape, Array.from(a, (value, index) => Number(holds(value, b[index] as Entry | string, sign, unordered))));
  });
}

type Comparable = ArrayLike<Entry | string>;

function comparable(one: Tensor, other: Tensor, shape: readonly number[]): readonly [Comparable, Comparable] {
  if (one.dtype === "string" || other.dtype === "string") return [spread(one.data as Comparable, one.shape, shape), spread(other.data as Comparable, other.shape, shape)];
  const dtype = promoted(one.dtype, other.dtype);
  return [spreadAs(one, dtype, shape), spreadAs(other, dtype, shape)];
}

function holds(a: Entry | string, b: Entry | string, sign: (order: number) => boolean, unordered: boolean): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return unordered;
  return sign(a < b ? -1 : a > b ? 1 : 0);
}

function logical(function_: (a: number, b: number) => number): Operator {
  const integers = () => 0n; // of booleans only
  return plain(([one, other]) => computed({ floats: function_, integers, booleans: function_ }, cast(numbers(one), "bool"), cast(numbers(other), "bool")));
}

/** An operator on single numbers: `floats` for all that doubles hold, `integers` for int64. */
function unary(floats: Rounding, integers: (value: bigint) => bigint, { booleans = false } = {}): Operator {
  return plain(([array]) => {
    const { dtype, shape, data } = numbers(array);
    if (dtype === "bool" && !booleans) throw new Unsuitable(dtype);
    return made(dtype, shape, Array.from(data as ArrayLike<Entry>, (value) => (typeof value === "bigint" ? integers(value) : floats(value))));
  });
}

/** Return the entries of two arrays by a condition, in their common dtype. */
export function where(condition: Numbers, one: Tensor, other: Tensor): Tensor {
  const shape = commonShape([condition, one, other]);
  const chosen = spreadAs(condition, "bool", shape);
  const choose = <T>(a: ArrayLike<T>, b: ArrayLike<T>) => Array.from(chosen, (yes, index) => (yes !== 0 ? a : b)[index] as T);
  if (one.dtype === "string" || other.dtype === "string") {
    return madeStrings(shape, choose(spread(strings(one).data, one.shape, shape), spread(strings(other).data, other.shape, shape)));
  }
  const dtype = promoted(one.dtype, other.dtype);
  return made(dtype, shape, choose(spreadAs(one, dtype, shape), spreadAs(other, dtype, shape)));
}

function sum(one: Tensor | undefined, other: Tensor | undefined): Tensor {
  if (one?.dtype !== "string") return add(numbers(one), numbers(other));
  const [left, right] = [one, strings(other)];
  const shape = commonShape([left, right]);
  const ends = spread(right.data, right.shape, shape);
  return madeStrings(shape, Array.from(spread(left.data, left.shape, shape), (text, index) => text + ends[index]));
}

const arithmetic = (function_: Arithmetic): Operator => plain(([one, other]) => computed(function_, numbers(one), numbers(other)));

export const ELEMENTWISE: Readonly<Record<string, Operator>> = {
  equal: compared((order) => order === 0, false, false),
  not_equal: compared((order) => order !== 0, true, false),
  greater: compared((order) => order > 0, false, true),
  greater_equal: compared((order) => order >= 0, false, true),
  less: compared((order) => order < 0, false, true),
  less_equal: compared((order) => order <= 0, false, true),
  absolute: unary(Math.abs, (value) => (value < 0n ? -value : value), { booleans: true }),
  add: plain(([one, other]) => sum(one, other)),
  divide: plain(([one, other]) => divide(numbers(one), numbers(other))),
  floor: unary(Math.floor, (value) => value, { booleans: true }),
  floor_divide: arithmetic(FLOOR_DIVIDE),
  logical_and: logical((a, b) => a & b),
  logical_not: plain(([array]) => made("bool", numbers(array).shape, doubles(array).map((value) => Number(value === 0)))),
  logical_or: logical((a, b) => a | b),
  maximum: arithmetic(MAXIMUM),
  minimum: arithmetic(MINIMUM),
  mod: arithmetic(MOD),
  multiply: arithmetic(MULTIPLY),
  negative: unary((value) => -value, (value) => -value),
  ones_like: unary(() => 1, () => 1n, { booleans: true }),
  sqrt: plain(([array]) => {
    const { dtype, shape } = numbers(array);
    if (dtype === "bool" || dtype === "uint8") throw new Unsuitable(dtype); // float16 in numpy
    return made(dtype === "float32" ? dtype : "float64", shape, doubles(array).map(Math.sqrt));
  }),
  subtract: arithmetic(SUBTRACT),
  where: plain(([condition, one, other]) => {
    if (!one || !other) throw new Unsuitable("three arrays are needed");
    return where(numbers(condition), one, other);
  }),
};
