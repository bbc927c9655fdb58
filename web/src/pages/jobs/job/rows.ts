/** The first rows of CSV and JSON Lines, for a preview. */

export interface Rows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Return the rows of a text; the last one may be incomplete and is left out where `cut`. */
export function rowsOf(text: string, format: string, most: number): Rows {
  return format === "csv" ? csv(text, most) : jsonLines(text, most);
}

function csv(text: string, most: number): Rows {
  const [head = [], ...rows] = [...records(text, most + 1)];
  return { head, rows };
}

/** Yield records of RFC 4180. */
function* records(text: string, most: number): Generator<string[]> {
  const cell = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|\r|$)/y;
  let record: string[] = [];
  for (let count = 0; count < most && cell.lastIndex < text.length; ) {
    const [, value = "", end = ""] = cell.exec(text) ?? [];
    record.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === ",") continue;
    yield record;
    record = [];
    count++;
    if (end === "") return;
  }
}

function jsonLines(text: string, most: number): Rows {
  const objects = text
    .split("\n")
    .filter((line) => line.trim())
    .slice(0, most)
    .flatMap(parsed);
  const head = [...new Set(objects.flatMap(Object.keys))];
  return { head, rows: objects.map((each) => head.map((name) => shown(each[name]))) };
}

function parsed(line: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? [value as Record<string, unknown>] : [{ value }];
  } catch {
    return []; // the line is cut
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
