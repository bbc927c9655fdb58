/** Operators on ragged and sparse tensors, and counts of their values. */
import { indexOf } from "../axes";
import { type Operator, plain } from "../operator";
import { affordable } from "../sizes";
import { type Entry, type Numbers, type Tensor, Unsuitable, cast, entry, integers, made, madeStrings, numbers, scalar, sizeOf, strings } from "../values";
import { add } from "./elementwise";

/** Return a ragged tensor as an array, padded with a default. */
function toDense([shape, values, otherwise, ...partitions]: readonly Tensor[], types: readonly string[]): Tensor {
  if (!shape || !values || !otherwise) throw new Unsuitable("inputs are missing");
  const byRows = types[0] === "FIRST_DIM_SIZE";
  const owners = byRows ? partitions.slice(1).map(integers) : partitions.map((splits) => rowsOf(integers(splits)));
  const rows = byRows ? scalar(partitions[0]) : (partitions[0]?.data.length ?? 0) - 1;
  const [coordinates, longest] = coordinatesOf(owners, rows);
  const inner = values.shape.slice(1);
  const natural = [...longest, ...inner];
  const wanted = shape.shape.length ? integers(shape) : natural.map(() => -1);
  const sizes = natural.map((size, axis) => (entry(wanted, axis) < 0 ? size : entry(wanted, axis)));
  affordable(sizes);
  const steps = sizes.map((_, axis) => sizeOf(sizes.slice(axis + 1)));
  const width = sizeOf(inner);
  if (inner.some((size, axis) => size !== sizes[longest.length + axis])) throw new Unsuitable("the shape does not fit");
  const place = (index: number) => {
    const at = coordinates.map((coordinate) => entry(coordinate, Math.floor(index / width)));
    if (at.some((position, axis) => position >= (sizes[axis] as number))) return -1; // beyond a size that is given
    return at.reduce((sum, position, axis) => sum + position * (steps[axis] as number), 0) + (index % width);
  };
  return filled(sizes, otherwise, values, place);
}

/** Return an array of a default with values at places; -1 drops a value. */
function filled(sizes: readonly number[], otherwise: Tensor, values: Tensor, place: (index: number) => number): Tensor {
  const fill = <T>(data: ArrayLike<T>, filling: T) => {
    const dense = new Array<T>(sizeOf(sizes)).fill(filling);
    for (let index = 0; index < data.length; index++) {
      const at = place(index);
      if (at >= 0) dense[at] = data[index] as T;
    }
    return dense;
  };
  if (values.dtype === "string") return madeStrings(sizes, fill(values.data, entry(strings(otherwise).data, 0)));
  return made(values.dtype, sizes, fill<Entry>(values.data, entry<Entry>(cast(numbers(otherwise), values.dtype).data, 0)));
}

/** Return the row of each entry of rows that are given by splits. */
function rowsOf(splits: readonly number[]): number[] {
  affordable([(splits.at(-1) ?? 0) - (splits[0] ?? 0)]);
  return splits.slice(1).flatMap((end, row) => new Array<number>(end - entry(splits, row)).fill(row));
}

/** Return the position of each value in each dimension, and the dimensions' sizes. */
function coordinatesOf(owners: readonly (readonly number[])[], rows: number): readonly [readonly (readonly number[])[], readonly number[]] {
  affordable([rows]);
  let coordinates: readonly (readonly number[])[] = [Array.from({ length: rows }, (_, row) => row)];
  const sizes = [rows];
  for (const owner of owners) {
    const counts = new Map<number, number>();
    const places = owner.map((row) => {
      const count = counts.get(row) ?? 0;
      counts.set(row, count + 1);
      return count;
    });
    coordinates = [...coordinates.map((coordinate) => owner.map((row) => entry(coordinate, row))), places];
    sizes.push(Math.max(0, ...counts.values()));
  }
  return [coordinates, sizes];
}

/** Return how often each row has each number below a size, in the dtype of the weights. */
function counted(rows: readonly number[], values: readonly number[], shape: readonly [number, number], weights: Numbers, binary: boolean): Numbers {
  affordable(shape);
  const one = made(weights.dtype, [], [1]);
  const counts = new Map<number, Numbers>();
  if (weights.data.length && !binary && weights.data.length !== values.length) throw new Unsuitable("the weights do not fit");
  values.forEach((value, index) => {
    if (value >= shape[1]) return;
    const at = entry(rows, index) * shape[1] + indexOf(value, shape[1]);
    const weight = weights.data.length ? made(weights.dtype, [], [entry<Entry>(weights.data, index)]) : one;
    const before = counts.get(at);
    counts.set(at, binary ? one : before ? add(before, weight) : weight);
  });
  const zero = made(weights.dtype, [], [0]);
  return made(weights.dtype, shape, Array.from({ length: sizeOf(shape) }, (_, at) => (counts.get(at) ?? zero).data[0] as Entry));
}

function countDense(values: Tensor, size: number, weights: Numbers, binary: boolean): Tensor {
  const numbersOf = integers(values);
  const [rows = 0, columns] = values.shape;
  if (columns !== undefined) {
    return counted(numbersOf.map((_, index) => Math.floor(index / columns)), numbersOf, [rows, size], weights, binary);
  }
  const counts = counted(numbersOf.map(() => 0), numbersOf, [1, size], weights, binary);
  return { ...counts, shape: [size] };
}

function denseOfSparse([positions, shape, values, otherwise]: readonly Tensor[]): Tensor {
  if (!positions || !shape || !values || !otherwise) throw new Unsuitable("inputs are missing");
  const sizes = affordable(integers(shape));
  const at = integers(positions);
  const place = (index: number) => sizes.reduce((sum, size, axis) => sum * size + indexOf(entry(at, index * sizes.length + axis), size), 0);
  const spread = values.data.length === 1 ? at.length / sizes.length : values.data.length;
  if (spread !== values.data.length) throw new Unsuitable("the values do not fit");
  return filled(sizes, otherwise, values, place);
}

export const RAGGED: Readonly<Record<string, Operator>> = {
  to_dense: plain((inputs, { types }) => toDense(inputs, types as readonly string[])),
  count_ragged: plain(([splits, values, size, weights], { binary = false }) => {
    const bounds = integers(splits);
    return counted(rowsOf(bounds), integers(values), [bounds.length - 1, scalar(size)], numbers(weights), Boolean(binary));
  }),
  count_dense: plain(([values, size, weights], { binary = false }) => countDense(numbers(values), scalar(size), numbers(weights), Boolean(binary))),
  dense_of_sparse: plain((inputs) => denseOfSparse(inputs)),
};
