/** Columns of tables: a cell becomes one or several numbers, as in `src/lightship/inputs/tabular/columns`. */
import { missing } from "../kind";
import { boolean } from "./boolean";
import { category } from "./category";
import { date } from "./date";
import { number } from "./number";

export type Options = Readonly<Record<string, unknown>>;

/** What a type of column makes of a cell that is not missing. */
export interface Conversion {
  /** The numbers of a cell. */
  readonly width: number;
  /** Raises DeviceError. */
  readonly convert: (cell: unknown) => readonly number[];
}

export interface Column {
  readonly name: string;
  readonly width: number;
  /** Whether a missing value is NaN. */
  readonly gaps: boolean;
  readonly numbers: (cell: unknown) => readonly number[];
}

type Type = (name: string, options: Options, dtype: string) => Conversion;

const TYPES: Readonly<Record<string, Type>> = { number, category, boolean, date };

export function columnOf(name: string, options: Options, dtype: string): Column {
  const type = TYPES[String(options.type ?? "number")] ?? number;
  const { width, convert } = type(name, options, dtype);
  const policy = String(options.missing ?? "error");
  const filling = options[policy];
  const numbers = (cell: unknown): readonly number[] => {
    if (cell !== null && cell !== undefined) return convert(cell);
    if (policy === "nan") return [Number.NaN];
    if (filling === undefined) throw missing(name);
    return convert(filling);
  };
  return { name, width, gaps: policy === "nan", numbers };
}
