/** Tables: an object of cells by column name, or the tensor's numbers in their order. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import type { Spec } from "../manifest";
import { tensorOf } from "../tensor";
import { type Column, columnOf } from "./columns/columns";
import { type DeviceKind, isRecord, missing, numbersOf, onlyRow } from "./kind";

const say = texts({ unknown: ["There is no column “{name}”.", "没有名为“{name}”的列。"] });

export const TABULAR: DeviceKind = {
  decode: (value, spec) => {
    const columns = columnsOf(spec);
    const row = Array.isArray(value) && value.some((item) => isRecord(item) || Array.isArray(item)) ? onlyRow(value) : value;
    return tensorOf(spec, isRecord(row) ? cellsOf(row, columns) : listed(row, columns, spec));
  },
};

function columnsOf({ kind, dtype }: Spec): readonly Column[] {
  const types = isRecord(kind?.types) ? kind.types : {};
  const names = (kind?.columns ?? []) as readonly string[];
  return names.map((name) => columnOf(name, isRecord(types[name]) ? types[name] : {}, dtype));
}

function cellsOf(row: Readonly<Record<string, unknown>>, columns: readonly Column[]): number[] {
  const unknown = Object.keys(row).find((name) => !columns.some((column) => column.name === name));
  if (unknown !== undefined) throw new DeviceError(say.unknown({ name: unknown }));
  return columns.flatMap((column) => column.numbers(scalar(row[column.name])));
}

/** Return a cell of an object of columns, whose lists have one row. */
function scalar(cell: unknown): unknown {
  return Array.isArray(cell) ? onlyRow(cell) : cell;
}

/** Return the tensor's numbers, of which those of some columns may be missing. */
function listed(row: unknown, columns: readonly Column[], spec: Spec): number[] {
  const numbers = numbersOf(row, spec.name, Number.NaN);
  const owners = columns.flatMap((column) => Array.from({ length: column.width }, () => column));
  numbers.forEach((number, index) => {
    const owner = owners[index];
    if (Number.isNaN(number) && !owner?.gaps) throw missing(owner?.name ?? spec.name);
  });
  return numbers;
}
