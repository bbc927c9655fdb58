/** Named columns of a table, and the numbered elements of a short tensor. */
import type { Column, InputField } from "../../api/types";
import { type EditProps, type InputKind, type Problems, type Raw, elementId } from "../kind";
import { cellText, firstText, readCell } from "./cells";
import { ColumnField } from "./column";

/** More elements than that are edited as JSON. */
const MOST = 64;

const TYPES: readonly (readonly [RegExp, Column["type"]])[] = [
  [/^u?int/, "integer"],
  [/^bool/, "boolean"],
  [/^(string|object)/, "string"],
];

/** Return the columns of an input, or null where it has none or too many for a form. */
export function columnsOf(field: InputField): readonly Column[] | null {
  if (field.columns?.length) return field.columns;
  const size = field.shape.length === 1 ? 1 : field.shape[1];
  if (field.kind !== "tensor" || field.shape.length > 2 || !size || size > MOST) return null;
  const type = TYPES.find(([pattern]) => pattern.test(field.dtype))?.[1] ?? "number";
  return Array.from({ length: size }, (_, index) => ({ name: size === 1 ? field.name : `${field.name}_${index}`, type, optional: field.optional ?? false }));
}

function start(field: InputField): Raw {
  return Object.fromEntries((columnsOf(field) ?? []).map((column) => [column.name, firstText(column)]));
}

function fill(field: InputField, example: unknown): Raw {
  const columns = columnsOf(field) ?? [];
  const row = rowOf(field, example);
  const cell = (column: Column, index: number) => (Array.isArray(row) ? row[index] : isRecord(row) ? row[column.name] : row);
  return Object.fromEntries(columns.map((column, index) => [column.name, cellText(column, cell(column, index), field.dtype)]));
}

function rowOf(field: InputField, example: unknown): unknown {
  if (!Array.isArray(example)) return example;
  return typeof example[0] === "object" || field.shape.length === 1 ? example[0] : example;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function read(field: InputField, raw: Raw) {
  const columns = columnsOf(field) ?? [];
  if (field.optional && columns.every(({ name }) => !raw[name]?.trim())) return { value: undefined, problems: {} };
  const cells = columns.map((column) => [column.name, readCell(column, raw[column.name] ?? "", field.dtype)] as const);
  const problems: Problems = Object.fromEntries(cells.flatMap(([name, cell]) => ("problem" in cell ? [[name, cell.problem]] : [])));
  const values = cells.map(([name, cell]) => [name, "value" in cell ? cell.value : null] as const);
  return { value: rowFrom(field, values), problems };
}

/** Return a row as the API takes it: an object of columns, a list, or one value. */
function rowFrom(field: InputField, values: readonly (readonly [string, unknown])[]): unknown {
  if (field.kind === "tabular") return Object.fromEntries(values);
  const list = values.map(([, value]) => value);
  return field.shape.length === 1 ? list[0] : list;
}

function Edit({ field, raw, problems, onChange }: EditProps) {
  return (
    <div class="columns">
      {(columnsOf(field) ?? []).map((column) => (
        <ColumnField
          key={column.name}
          id={elementId(field.name, column.name)}
          column={column}
          text={raw[column.name] ?? ""}
          {...(problems[column.name] && { problem: problems[column.name] })}
          onChange={(text) => onChange({ ...raw, [column.name]: text })}
        />
      ))}
    </div>
  );
}

export const COLUMNS: InputKind = { start, fill, read, Edit };
