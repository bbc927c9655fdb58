/** Operators that split strings into tokens and join neighbouring tokens. */
import { bytesOf } from "../../tensor";
import { type Operator, plain } from "../operator";
import { affordable, checkSplits } from "../sizes";
import { type Tensor, Unsuitable, entry, integers, made, madeStrings, strings } from "../values";

const SPACE = /[ \t\n\r\v\f]+/;

/** Return the tokens of a vector of strings as a sparse matrix: positions, tokens and shape. */
function split(texts: Tensor | undefined, separator: Tensor | undefined, most: number): readonly Tensor[] {
  const between = strings(separator).data[0] ?? "";
  const rows = strings(texts).data.map((text) => (between ? separated(text, between, most) : spaced(text, most)));
  const positions = rows.flatMap((row, index) => row.flatMap((_, column) => [index, column]));
  const tokens = rows.flat();
  const width = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  return [made("int64", [tokens.length, 2], positions), madeStrings([tokens.length], tokens), made("int64", [2], [rows.length, width])];
}

/** Return the parts between separators, the last of which is the rest after `most` splits. */
function separated(text: string, between: string, most: number): readonly string[] {
  const parts = text.split(between);
  return most < 0 || parts.length <= most ? parts : [...parts.slice(0, most), parts.slice(most).join(between)];
}

/** Return the tokens between whitespace; after `most` of them the rest, even an empty one. */
function spaced(text: string, most: number): readonly string[] {
  const found: string[] = [];
  let rest = text.replace(/^[ \t\n\r\v\f]+/, "");
  while (rest && (most <= 0 || found.length < most)) {
    const gap = SPACE.exec(rest);
    found.push(gap ? rest.slice(0, gap.index) : rest);
    rest = gap ? rest.slice(gap.index + gap[0].length) : "";
  }
  return most > 0 && found.length === most ? [...found, rest] : found;
}

/** Options of n-grams, as in the manifest. */
interface Grams {
  readonly widths: readonly number[];
  readonly separator: string;
  readonly padding?: readonly [before: string, after: string, count: number];
  readonly keep_short?: boolean;
}

/** Return the n-grams of each row of tokens, width after width, and their splits. */
const ngrams: Operator = (options) => {
  const { widths, separator, padding = ["", "", 0], keep_short: keepShort = false } = options as unknown as Grams;
  const between = bytesOf(separator);
  const pads = (width: number) => (padding[2] < 0 ? width - 1 : Math.min(padding[2], width - 1));
  const padded = (row: readonly string[], width: number) => [
    ...new Array<string>(pads(width)).fill(bytesOf(padding[0])),
    ...row,
    ...new Array<string>(pads(width)).fill(bytesOf(padding[1])),
  ];
  const gramsOf = (row: readonly string[]) => {
    const made = widths.flatMap((width) => windows(padded(row, width), width).map((words) => words.join(between)));
    return keepShort && !made.length && row.length ? [padded(row, Math.max(...widths)).join(between)] : made;
  };
  return () => (tokens, splits) => {
    const [words, bounds] = [strings(tokens).data, integers(splits)];
    checkSplits(bounds, words.length);
    affordable([words.length + 2 * pads(Math.max(...widths)) * (bounds.length - 1), widths.reduce((sum, width) => sum + width, 0)]);
    const rows = bounds.slice(1).map((end, index) => gramsOf(words.slice(bounds[index], end)));
    const ends = rows.reduce<number[]>((found, row) => [...found, entry(found, found.length - 1) + row.length], [0]);
    return [madeStrings([ends.at(-1) ?? 0], rows.flat()), made(splits?.dtype === "int32" ? "int32" : "int64", [ends.length], ends)];
  };
};

function windows(row: readonly string[], width: number): readonly (readonly string[])[] {
  if (width < 1) throw new Unsuitable("a width below 1");
  return Array.from({ length: Math.max(0, row.length - width + 1) }, (_, start) => row.slice(start, start + width));
}

export const SPLITTING: Readonly<Record<string, Operator>> = {
  split: plain(([texts, separator], { most = -1 }) => split(texts, separator, Number(most))),
  ngrams,
};
