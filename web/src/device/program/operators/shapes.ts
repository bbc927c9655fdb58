/** Operators on shapes, parts and sums of arrays, with TensorFlow's conventions. */
import { along, axisOf, indexOf, joined, replaced } from "../axes";
import { type Operator, Unknown, plain } from "../operator";
import { affordable } from "../sizes";
import { type Dtype, type Entry, type Numbers, type Tensor, Unsuitable, cast, entry, integers, isFloat, made, madeStrings, numbers, reshaped, scalar, sizeOf, taken } from "../values";
import { add, where } from "./elementwise";

function present(value: Tensor | undefined): Tensor {
  if (!value) throw new Unsuitable("an input is missing");
  return value;
}

/** Return the sizes with a number in place of -1. */
function resolved(sizes: readonly number[], count: number): readonly number[] {
  const known = sizes.filter((size) => size >= 0).reduce((product, size) => product * size, 1);
  return sizes.map((size) => (size >= 0 ? size : count / known));
}

function squeezed(array: Tensor, axes: readonly number[]): Tensor {
  const removed = axes.map((axis) => axisOf(axis, array.shape.length));
  if (removed.some((axis) => array.shape[axis] !== 1)) throw new Unsuitable("an axis is longer");
  return reshaped(array, array.shape.filter((size, axis) => (axes.length ? !removed.includes(axis) : size !== 1)));
}

function expanded(array: Tensor, axis: number): Tensor {
  return reshaped(array, extended(array.shape, axis, 1));
}

function gathered(array: Tensor, indices: Numbers, axis: number): Tensor {
  const { outer, size, inner, axis: at } = along(array.shape, axis);
  affordable([indices.data.length, outer * inner]);
  const wanted = integers(indices).map((index) => indexOf(index, size));
  const positions = Array.from({ length: outer }, (_, row) => wanted.map((index) => (row * size + index) * inner)).flat();
  const entries = inner === 1 ? positions : positions.flatMap((start) => Array.from({ length: inner }, (_, offset) => start + offset));
  return taken(array, entries, replaced(array.shape, at, ...indices.shape));
}

function tiled(array: Tensor, multiples: readonly number[]): Tensor {
  affordable([array.data.length, ...multiples]);
  const rank = Math.max(multiples.length, array.shape.length);
  const padded = <T>(list: readonly T[], filling: T) => [...new Array<T>(rank - list.length).fill(filling), ...list];
  const times = padded(multiples, 1);
  const start = reshaped(array, padded(array.shape, 1));
  return times.reduce<Tensor>((found, count, axis) => gathered(found, repeatedAxis(found.shape[axis] as number, count), axis), start);
}

function repeatedAxis(size: number, count: number): Numbers {
  return made("int64", [size * count], Array.from({ length: size * count }, (_, index) => index % size));
}

/** Return a strided slice; `masks` are begin, end, ellipsis, new axis and shrink axis, as bits. */
function cut(array: Tensor, [begin = [], end = [], strides = []]: readonly (readonly number[])[], masks: readonly number[]): Tensor {
  const [begins = 0, ends = 0, ellipses = 0, added = 0, shrunk = 0] = masks;
  const has = (mask: number, bit: number) => (mask & (1 << bit)) !== 0;
  const used = begin.filter((_, bit) => !has(added, bit) && !has(ellipses, bit)).length;
  let [found, axis] = [array, 0];
  begin.forEach((first, bit) => {
    if (has(ellipses, bit)) {
      axis += array.shape.length - used;
    } else if (has(added, bit)) {
      found = expanded(found, axis++);
    } else if (has(shrunk, bit)) {
      found = gathered(found, made("int64", [], [indexOf(first, entry(found.shape, axis))]), axis);
    } else {
      const wanted = sliced(entry(found.shape, axis), has(begins, bit) ? null : first, has(ends, bit) ? null : entry(end, bit), entry(strides, bit));
      found = gathered(found, made("int64", [wanted.length], wanted), axis++);
    }
  });
  return found;
}

/** Return the indices of a slice of Python; null is an end that is left out. */
function sliced(size: number, first: number | null, last: number | null, step: number): number[] {
  if (step === 0) throw new Unsuitable("a step of zero");
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const limit = (value: number) => Math.min(high, Math.max(low, value < 0 ? value + size : value));
  const start = first === null ? (step > 0 ? low : high) : limit(first);
  const stop = last === null ? (step > 0 ? high : low) : limit(last);
  return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, index) => start + index * step);
}

function countUp(start: Numbers, limit: number, delta: number): Tensor {
  const first = scalar(start);
  const count = Math.max(0, Math.ceil((limit - first) / delta));
  affordable([count]);
  const step = first + delta - first; // numpy adds multiples of the difference of the first two numbers
  return made(start.dtype, [count], Array.from({ length: count }, (_, index) => first + index * step));
}

function cumulated(array: Numbers, axis: number): Tensor {
  const { size, inner } = along(array.shape, axis);
  const sums: Numbers[] = [];
  Array.from(array.data as ArrayLike<Entry>).forEach((value, at) => {
    const number = made(array.dtype, [], [value]);
    sums.push(Math.floor(at / inner) % size ? add(entry(sums, at - inner), number) : number);
  });
  return made(array.dtype, array.shape, sums.map(({ data }) => data[0] as Entry));
}

type Fold = (total: Entry, value: Entry) => Entry;

const FOLDS: Readonly<Record<string, Fold>> = {
  sum: (total, value) => BigInt(total) + BigInt(value),
  all: (total, value) => Number(Number(total) !== 0 && Number(value) !== 0),
  any: (total, value) => Number(Number(total) !== 0 || Number(value) !== 0),
  max: (total, value) => (Number.isNaN(total) || total > value ? total : value),
  min: (total, value) => (Number.isNaN(total) || total < value ? total : value),
};

/** The least and the greatest value of each dtype. */
const LIMITS: Readonly<Record<Dtype, readonly [least: Entry, most: Entry]>> = {
  bool: [0, 1],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  float64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

/** Reductions along axes. A sum of floats is not here: numpy's order of adding depends on the memory. */
const reduce: Operator = ({ function: name, keep }) => {
  const fold = FOLDS[String(name)];
  if (!fold) throw new Unknown(String(name));
  return () => (array, axes) => {
    const given = numbers(array);
    if (name === "sum" && (isFloat(given) || given.dtype === "bool")) throw new Unsuitable("a sum of floats");
    const removed = integers(axes).map((axis) => axisOf(axis, given.shape.length));
    const shape = given.shape.map((size, axis) => (removed.includes(axis) ? 1 : size));
    const dtype = name === "all" || name === "any" ? "bool" : given.dtype;
    const values = folded(given, shape, fold, startOf(String(name), given.dtype));
    return made(dtype, keep ? shape : shape.filter((_, axis) => !removed.includes(axis)), values);
  };
};

function startOf(name: string, dtype: Dtype): Entry {
  if (name === "max" || name === "min") return LIMITS[dtype][name === "max" ? 0 : 1];
  return Number(name === "all");
}

/** Return the entries that fall together where some axes have the size 1. */
function folded(array: Numbers, shape: readonly number[], fold: Fold, start: Entry): Entry[] {
  const totals = new Array<Entry>(sizeOf(shape)).fill(start);
  Array.from(array.data as ArrayLike<Entry>).forEach((value, index) => {
    const at = placeOf(index, array.shape, shape);
    totals[at] = fold(entry(totals, at), value);
  });
  return totals;
}

/** Return the position in an array with fewer entries along some axes. */
function placeOf(index: number, from: readonly number[], to: readonly number[]): number {
  let [rest, place, step] = [index, 0, 1];
  for (let axis = from.length - 1; axis >= 0; axis--) {
    const size = from[axis] as number;
    if (to[axis] !== 1) place += (rest % size) * step;
    step *= to[axis] as number;
    rest = Math.floor(rest / size);
  }
  return place;
}

function oneHot([indices, depth, on, off]: readonly Tensor[], axis: number): Tensor {
  const [given, size] = [integers(indices), scalar(depth)];
  affordable([given.length, size]);
  const shape = extended(present(indices).shape, axis, size);
  const { inner } = along(shape, axis);
  const hits = Array.from({ length: sizeOf(shape) }, (_, at) => {
    const position = Math.floor(at / (inner * size)) * inner + (at % inner);
    return Number(entry(given, position) === Math.floor(at / inner) % size);
  });
  const chosen = where(made("bool", shape, hits), present(on), present(off));
  return chosen.dtype === "string" ? chosen : cast(chosen, numbers(on).dtype);
}

/** Return a shape with a new axis of a size. */
function extended(shape: readonly number[], axis: number, size: number): readonly number[] {
  const at = axisOf(axis, shape.length + 1);
  return [...shape.slice(0, at), size, ...shape.slice(at)];
}

function repeated(sizes: readonly number[], value: Tensor): Tensor {
  affordable(sizes);
  return taken(value, new Array<number>(sizeOf(sizes)).fill(0), sizes);
}

const integer = (dtype: unknown) => dtype as Dtype;

export const SHAPES: Readonly<Record<string, Operator>> = {
  identity: plain(([array]) => present(array)),
  shape: plain(([array], { dtype }) => made(integer(dtype), [present(array).shape.length], present(array).shape)),
  size: plain(([array], { dtype }) => made(integer(dtype), [], [present(array).data.length])),
  reshape: plain(([array, sizes]) => reshaped(present(array), resolved(integers(sizes), present(array).data.length))),
  squeeze: plain(([array], { axes }) => squeezed(present(array), axes as readonly number[])),
  expand: plain(([array, axis]) => expanded(present(array), scalar(axis))),
  stack: plain((arrays, { axis }) => joined(arrays.map((array) => expanded(array, Number(axis))), Number(axis))),
  concatenate: plain((arrays) => joined(arrays.slice(0, -1), scalar(arrays.at(-1)))),
  tile: plain(([array, multiples]) => tiled(present(array), integers(multiples))),
  cut: plain(([array, ...ends], { masks }) => cut(present(array), ends.map(integers), masks as readonly number[])),
  gather: plain(([array, indices, axis]) => gathered(present(array), numbers(indices), scalar(axis))),
  count_up: plain(([start, limit, delta]) => countUp(numbers(start), scalar(limit), scalar(delta))),
  repeat: plain(([sizes, value]) => repeated(integers(sizes), present(value))),
  cumulate: plain(([array, axis]) => cumulated(numbers(array), scalar(axis))),
  zeros_like: plain(([array]) => {
    const { dtype, shape, data } = present(array);
    return dtype === "string" ? madeStrings(shape, new Array<string>(data.length).fill("")) : made(dtype, shape, new Array<number>(data.length).fill(0));
  }),
  reduce,
  one_hot: plain((inputs, { axis }) => oneHot(inputs, Number(axis))),
};
