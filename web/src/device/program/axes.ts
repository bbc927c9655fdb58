/** Arrays along an axis: parts, joining, positions. */
import { affordable } from "./sizes";
import { type Entry, type Tensor, Unsuitable, cast, made, madeStrings, numbers, promoted, sizeOf, strings } from "./values";

/** An array seen from an axis: `outer` times `size` times `inner` entries. */
export interface Along {
  readonly axis: number;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Return an axis counted from the start; raises Unsuitable outside of a number of axes. */
export function axisOf(axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(found) || found < 0 || found >= rank) throw new Unsuitable("there is no such axis");
  return found;
}

export function along(shape: readonly number[], given: number): Along {
  const axis = axisOf(given, shape.length);
  return { axis, outer: sizeOf(shape.slice(0, axis)), size: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) };
}

/** Return a shape with other sizes in place of some of its axes. */
export function replaced(shape: readonly number[], axis: number, ...sizes: readonly number[]): readonly number[] {
  return [...shape.slice(0, axis), ...sizes, ...shape.slice(axis + 1)];
}

/** Return an index of an axis counted from the start; raises Unsuitable outside. */
export function indexOf(index: number, size: number): number {
  const found = index < 0 ? index + size : index;
  if (!Number.isInteger(found) || found < 0 || found >= size) throw new Unsuitable("an index is outside");
  return found;
}

/** Return arrays joined along an axis, in their common dtype. */
export function joined(arrays: readonly Tensor[], given: number): Tensor {
  const [first] = arrays;
  if (!first) throw new Unsuitable("no array");
  affordable([arrays.reduce((total, { data }) => total + data.length, 0)]);
  const parts = arrays.map(({ shape }) => along(shape, given));
  const axis = axisOf(given, first.shape.length);
  const rest = (shape: readonly number[]) => replaced(shape, axis).join();
  if (arrays.some(({ shape }) => shape.length !== first.shape.length || rest(shape) !== rest(first.shape))) throw new Unsuitable("the shapes do not fit");
  const shape = replaced(first.shape, axis, parts.reduce((total, { size }) => total + size, 0));
  if (arrays.some(({ dtype }) => dtype === "string")) return madeStrings(shape, woven(arrays.map((array) => strings(array).data), parts));
  const dtype = arrays.map((array) => numbers(array).dtype).reduce(promoted);
  return made(dtype, shape, woven<Entry>(arrays.map((array) => cast(numbers(array), dtype).data), parts));
}

function woven<T>(arrays: readonly ArrayLike<T>[], parts: readonly Along[]): T[] {
  const found: T[] = [];
  for (let outer = 0; outer < (parts[0]?.outer ?? 0); outer++) {
    arrays.forEach((data, index) => {
      const { size, inner } = parts[index] as Along;
      for (let at = 0; at < size * inner; at++) found.push(data[outer * size * inner + at] as T);
    });
  }
  return found;
}
