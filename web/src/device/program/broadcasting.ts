/** Broadcasting: arrays of different shapes, entry by entry. */
import { affordable } from "./sizes";
import { type Tensor, Unsuitable, sizeOf } from "./values";

/** Return the shape of arrays that are combined; raises Unsuitable, or DeviceError where it is too large. */
export function commonShape(arrays: readonly Tensor[]): readonly number[] {
  const rank = Math.max(0, ...arrays.map(({ shape }) => shape.length));
  const shape = Array.from({ length: rank }, (_, axis) => {
    const sizes = arrays.map((array) => array.shape[axis - rank + array.shape.length] ?? 1).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw new Unsuitable("the shapes do not fit");
    return sizes[0] ?? 1;
  });
  return affordable(shape);
}

/** Return the entries of an array, repeated to a shape. */
export function spread<T>(data: ArrayLike<T>, from: readonly number[], shape: readonly number[]): ArrayLike<T> {
  if (data.length === sizeOf(shape)) return data;
  const steps = stepsOf(from, shape);
  return Array.from({ length: sizeOf(shape) }, (_, index) => data[positionOf(index, shape, steps)] as T);
}

/** Return how far apart the neighbours of each axis are, 0 where the axis is repeated. */
function stepsOf(from: readonly number[], shape: readonly number[]): readonly number[] {
  const steps = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (let axis = from.length - 1; axis >= 0; axis--) {
    const size = from[axis] as number;
    if (size !== 1) steps[axis + shape.length - from.length] = step;
    step *= size;
  }
  return steps;
}

function positionOf(index: number, shape: readonly number[], steps: readonly number[]): number {
  let [rest, position] = [index, 0];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    position += (rest % size) * (steps[axis] as number);
    rest = Math.floor(rest / size);
  }
  return position;
}
