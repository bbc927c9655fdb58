/** Operators on columns of tables: numbers as float64, categories as strings. */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import { bytesOf } from "../../tensor";
import { indexOf, joined } from "../axes";
import { type Constants, type Operator, Unknown, plain } from "../operator";
import { affordable } from "../sizes";
import { type Numbers, type Tensor, Unsuitable, cast, doubles, entry, integers, made, numbers, reshaped, strings, taken } from "../values";
import { add, divide, multiply, subtract, where } from "./elementwise";
import { printed } from "./printed";

const say = texts({
  unknown: ["column '{name}': {value} is none of the categories {categories}", "列“{name}”：{value} 不属于类别 {categories}"],
  more: ["{categories} and {count} more", "{categories} 以及另外 {count} 个"],
});

type Arithmetic = (array: Numbers, values: Numbers) => Tensor;

const arithmetic = (compute: Arithmetic): Operator => plain(([array, values]) => compute(numbers(array), numbers(values)));

/** Return rows and columns; raises Unsuitable for an array that is no matrix. */
function sizes({ shape }: Tensor): readonly [rows: number, columns: number] {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined) throw new Unsuitable("a matrix is needed");
  return [rows, columns];
}

function stack(columns: readonly Tensor[]): Tensor {
  const parts = columns.map((column) => reshaped(cast(numbers(column), "float64"), [...column.shape.slice(0, 1), 1, ...column.shape.slice(1)]));
  return joined(parts, 1);
}

function select(array: Tensor, positions: readonly number[]): Tensor {
  const [rows, columns] = sizes(array);
  const wanted = positions.map((position) => indexOf(position, columns));
  const indices = Array.from({ length: rows }, (_, row) => wanted.map((column) => row * columns + column)).flat();
  return taken(array, indices, [rows, wanted.length]);
}

/** Return the numbers that `missing` marks, as booleans; null is NaN. */
function gaps(array: Numbers, missing: unknown): Numbers {
  const isMissing = missing === null ? Number.isNaN : (value: number) => value === Number(missing);
  return made("bool", array.shape, doubles(array).map((value) => Number(isMissing(value))));
}

function limited(value: number, least: number, most: number): number {
  const raised = value < least ? least : value;
  return raised > most ? most : raised;
}

/** Rows divided by their norm. The norm l2 is not here: the last bit of numpy's depends on the processor. */
const normalise: Operator = ({ norm }) => {
  if (norm !== "l1" && norm !== "max") throw new Unknown(String(norm));
  return () => (array) => {
    const matrix = cast(numbers(array), "float64");
    const [rows, columns] = sizes(matrix);
    const norms = Array.from({ length: rows }, (_, row) => {
      const amounts = doubles(matrix).slice(row * columns, (row + 1) * columns).map(Math.abs);
      const found = norm === "l1" ? summed(amounts) : amounts.reduce((most, amount) => Math.max(most, amount), 0);
      return found === 0 ? 1 : found;
    });
    return divide(matrix, made("float64", [rows, 1], norms));
  };
};

/** Return the sum of a row in the order of numpy's: eight partial sums for up to 128 numbers, halves for more. */
function summed(row: readonly number[]): number {
  const count = row.length;
  if (count > 128) {
    const half = Math.floor(count / 2) - (Math.floor(count / 2) % 8);
    return summed(row.slice(0, half)) + summed(row.slice(half));
  }
  const whole = count - (count % 8);
  const partial = row.slice(0, whole ? 8 : 0);
  for (let at = 8; at < whole; at++) partial[at % 8] = (partial[at % 8] as number) + (row[at] as number);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = partial;
  return row.slice(whole).reduce((total, value) => total + value, a + b + (c + d) + (e + f + (g + h)));
}

/** Ranks among the sorted bounds of each column; that of NaN is -1. */
const ranks: Operator = ({ side }) => (constants) => {
  const bounds = doubles(constants.get(1));
  const starts = integers(constants.get(2));
  return (array) => {
    const matrix = numbers(array);
    const [, columns] = sizes(matrix);
    if (columns !== starts.length - 1) throw new Unsuitable("the columns do not fit");
    const found = doubles(matrix).map((value, index) => {
      const column = bounds.slice(entry(starts, index % columns), entry(starts, (index % columns) + 1));
      return Number.isNaN(value) ? -1 : rank(column, value, side === "left");
    });
    return made("int32", matrix.shape, found);
  };
};

/** Return how many sorted numbers are below a value, or not above it; NaN is above all. */
export function rank(sorted: ArrayLike<number>, value: number, left: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const bound = sorted[middle] as number;
    const before = left ? bound < value || (Number.isNaN(value) && !Number.isNaN(bound)) : bound <= value || Number.isNaN(value);
    if (before) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return the function from a column to the positions of its categories; raises DeviceError for others where these are refused. */
function positionsOf({ unknown, name }: Readonly<Record<string, unknown>>, constants: Constants): (column: Tensor) => number[] {
  const values = constants.get(1);
  if (!values) throw new Unsuitable("no categories");
  const places = integers(constants.get(2));
  const categories = new Map<string | number, number>(Array.from<string | number>(values.data as ArrayLike<string | number>).map((value, index) => [value, entry(places, index)]));
  return (column) =>
    Array.from(column.data as ArrayLike<string | number>, (value) => {
      const found = categories.get(value) ?? (unknown as number | null);
      if (found === null) throw refused(String(name), value, [...categories.keys()]);
      return found;
    });
}

function refused(name: string, value: string | number, all: readonly (string | number)[]): DeviceError {
  const listed = all.slice(0, 10).map(printed).join(", ");
  const categories = all.length > 10 ? say.more({ categories: listed, count: all.length - 10 }) : listed;
  return new DeviceError(say.unknown({ name, value: printed(value), categories }));
}

const oneHot: Operator = (options) => (constants) => {
  const positions = positionsOf(options, constants);
  const width = Number(options.width);
  return (column) => {
    const found = positions(column as Tensor);
    affordable([found.length, width + 1]);
    const rows = found.map((position) => {
      const at = indexOf(position, width + 1);
      return Array.from({ length: width }, (_, index) => Number(index === at));
    });
    return made("float64", [found.length, width], rows.flat());
  };
};

const ordinal: Operator = (options) => (constants) => {
  const positions = positionsOf(options, constants);
  const values = numbers(constants.get(3));
  return (column) => {
    const found = positions(column as Tensor);
    return taken(values, found.map((position) => indexOf(position, values.data.length)), [found.length, 1]);
  };
};

export const TABLES: Readonly<Record<string, Operator>> = {
  stack: plain((columns) => stack(columns)),
  matrix: plain((parts) => (parts.length === 1 ? (parts[0] as Tensor) : joined(parts, 1))),
  select: plain(([array, positions]) => select(numbers(array), integers(positions))),
  add: arithmetic(add),
  subtract: arithmetic(subtract),
  multiply: arithmetic(multiply),
  divide: arithmetic(divide),
  clip: plain(([array], { least, most }) => {
    const { dtype, shape } = numbers(array);
    return made(dtype, shape, doubles(array).map((value) => limited(value, Number(least), Number(most))));
  }),
  impute: plain(([array, values], { missing }) => where(gaps(numbers(array), missing), numbers(values), numbers(array))),
  impute_text: (options) => {
    const missing = bytesOf(String(options.missing));
    return () => (array, value) => {
      const column = strings(array);
      const marked = made("bool", column.shape, column.data.map((text) => Number(text === missing)));
      return where(marked, strings(value), column);
    };
  },
  indicators: plain(([array], { missing }) => cast(gaps(numbers(array), missing), "float64")),
  normalise,
  binarise: plain(([array], { threshold }) => {
    return made("float64", numbers(array).shape, doubles(array).map((value) => Number(value > Number(threshold))));
  }),
  ranks,
  one_hot: oneHot,
  ordinal,
  pick: plain(([array], { position }) => {
    const [rows, columns] = sizes(numbers(array));
    const column = indexOf(Number(position), columns);
    return taken(numbers(array), Array.from({ length: rows }, (_, row) => row * columns + column), [rows]);
  }),
};
