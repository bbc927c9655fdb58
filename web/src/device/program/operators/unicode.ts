/** Operators between UTF-8 and code points; a maximal invalid part of a character is one U+FFFD, here as in Python. */
import { bytesOf } from "../../tensor";
import { type Operator, Unknown, plain } from "../operator";
import { checkSplits } from "../sizes";
import { made, madeStrings, integers, strings } from "../values";

function textOf(bytes: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}

/** Raise Unknown for other treatments of invalid UTF-8 than its replacement. */
function checkErrors(errors: unknown): void {
  if (errors !== "replace") throw new Unknown(String(errors));
}

export const UNICODE: Readonly<Record<string, Operator>> = {
  decode: ({ errors = "replace" }) => {
    checkErrors(errors);
    return () => (texts) => {
      const rows = strings(texts).data.map((text) => Array.from(textOf(text), (character) => character.codePointAt(0) as number));
      const splits = [0];
      for (const row of rows) splits.push((splits.at(-1) as number) + row.length);
      return [made("int64", [splits.length], splits), made("int32", [splits.at(-1) as number], rows.flat())];
    };
  },
  encode: plain(([points, splits]) => {
    const [codes, bounds] = [integers(points), integers(splits)];
    checkSplits(bounds, codes.length);
    const characters = codes.map((code) => bytesOf(code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? "\ufffd" : String.fromCodePoint(code)));
    return madeStrings([bounds.length - 1], bounds.slice(1).map((end, index) => characters.slice(bounds[index], end).join("")));
  }),
  transcode: ({ errors = "replace" }) => {
    checkErrors(errors);
    return () => (texts) => madeStrings(strings(texts).shape, strings(texts).data.map((text) => bytesOf(textOf(text))));
  },
};
