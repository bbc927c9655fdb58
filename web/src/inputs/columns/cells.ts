/** Cells of a form: from what was typed to JSON values. */
import type { Column } from "../../api/types";
import { number, texts } from "../../i18n";

const say = texts({
  missing: ["This value is needed.", "此项必填。"],
  notNumber: ["“{text}” is not a number.", "“{text}”不是数字。"],
  notWhole: ["Must be a whole number.", "必须是整数。"],
  outside: ["Must be from {low} to {high}.", "必须在 {low} 到 {high} 之间。"],
  notDate: ["Must be a date, such as 2024-12-31.", "必须是日期，例如 2024-12-31。"],
});

/** The numbers that a dtype can hold. */
const LIMITS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  float16: [-65_504, 65_504],
  float32: [-3.4028234e38, 3.4028234e38],
};

export type Cell = { readonly value: string | number | boolean | null } | { readonly problem: string };

/** Return the JSON value of a cell, or why it cannot be sent. */
export function readCell(column: Column, text: string, dtype: string): Cell {
  if (text.trim() === "" && column.type !== "string") return column.optional ? { value: null } : { problem: say.missing() };
  return READERS[column.type](text, dtype);
}

/** Return a plausible cell for a model without recorded rows, so that it answers at once; empty where nothing is known. */
export function firstText({ type, values, optional, low, high }: Column): string {
  if (optional && low === undefined) return "";
  if (values) return JSON.stringify(values[0]);
  if (type === "boolean") return "false";
  if (type === "date") return new Date().toISOString().slice(0, 10);
  if (low === undefined || high === undefined) return "";
  const middle = (low + high) / 2;
  return String(type === "integer" ? Math.round(middle) : Number(middle.toPrecision(3)));
}

/** Return what a field shows for a JSON value of a recorded row. */
export function cellText(column: Column, value: unknown, dtype: string): string {
  if (value === null || value === undefined) return "";
  if (column.values) return JSON.stringify(column.values.find((each) => String(each) === String(value)) ?? value);
  return typeof value === "number" && dtype === "float32" ? shortest(value) : String(value);
}

/** Return the shortest text of a float32, which has at most 9 digits: as float64 it would have 17. */
function shortest(value: number): string {
  const texts = [6, 7, 8, 9].map((digits) => String(Number(value.toPrecision(digits))));
  return texts.find((text) => Math.fround(Number(text)) === Math.fround(value)) ?? String(value);
}

type Reader = (text: string, dtype: string) => Cell;

const READERS: Readonly<Record<Column["type"], Reader>> = {
  number: readNumber,
  integer: (text, dtype) => {
    const cell = readNumber(text, dtype);
    return "value" in cell && !Number.isInteger(cell.value) ? { problem: say.notWhole() } : cell;
  },
  boolean: (text) => ({ value: text === "true" }),
  category: (text) => ({ value: choice(text) }),
  date: (text) => (/^\d{4}-\d\d-\d\d/.test(text) ? { value: text } : { problem: say.notDate() }),
  string: (text) => ({ value: text }),
};

function readNumber(text: string, dtype: string): Cell {
  const value = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) return { problem: say.notNumber({ text: text.slice(0, 40) }) };
  const [low, high] = LIMITS[dtype] ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  return value < low || value > high ? { problem: say.outside({ low: limit(low), high: limit(high) }) } : { value };
}

/** Return a limit with all digits of an integer; those of floats have 39. */
function limit(value: number): string {
  return Number.isSafeInteger(value) ? number(value, {}) : String(value);
}

/** Return the value of a list's option, which is JSON, so that 1, "1" and true stay different. */
function choice(text: string): string | number | boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" || typeof value === "boolean" ? value : String(value);
  } catch {
    return text;
  }
}
