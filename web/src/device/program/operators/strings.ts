/** Operators on strings of bytes. */
import { commonShape, spread } from "../broadcasting";
import { type Operator, Unknown, plain } from "../operator";
import { type Tensor, made, madeStrings, strings } from "../values";
import { bytesOf } from "../../tensor";
import { singleCharacters } from "./characters";

function each(change: (text: string) => string): Operator {
  return plain(([array]) => madeStrings(strings(array).shape, strings(array).data.map(change)));
}

/** Whitespace of ASCII at both ends. */
const ENDS = /^[ \t\n\r\v\f]+|[ \t\n\r\v\f]+$/g;

function joinedTexts(arrays: readonly Tensor[], separator: string): Tensor {
  const shape = commonShape(arrays);
  const columns = arrays.map((array) => spread(strings(array).data, array.shape, shape));
  return madeStrings(shape, Array.from(columns[0] ?? [], (_, index) => columns.map((column) => column[index] as string).join(separator)));
}

/** Removal of all characters of one class; other patterns are RE2's, which the engine of JavaScript may match otherwise. */
const replace: Operator = ({ pattern, parts, every }) => {
  const characters = singleCharacters(String(pattern));
  if (!every || (parts as readonly unknown[]).length || !characters) throw new Unknown(String(pattern).slice(0, 40));
  return () => (array) => madeStrings(strings(array).shape, strings(array).data.map((text) => [...text].filter((character) => !characters.has(character)).join("")));
};

export const STRINGS: Readonly<Record<string, Operator>> = {
  lower: each((text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upper: each((text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
  strip: each((text) => text.replace(ENDS, "")),
  length: plain(([array], { characters }) => {
    const count = (text: string) => (characters ? text.replace(/[\x80-\xbf]/g, "") : text).length;
    return made("int32", strings(array).shape, strings(array).data.map(count));
  }),
  join: plain((arrays, { separator }) => joinedTexts(arrays, bytesOf(String(separator)))),
  replace,
};
