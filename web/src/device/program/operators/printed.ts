/** Values in messages, as Python's `repr` writes them. */

/** Return a number, or a string of bytes that is UTF-8, for a message. */
export function printed(value: string | number): string {
  if (typeof value === "number") return Number.isNaN(value) ? "NaN" : printedNumber(value);
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  const text = [...new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)].slice(0, 40).join("");
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + text.replace(/[\\\n\r\t]/g, (found) => ESCAPES[found] ?? found).replaceAll(quote, `\\${quote}`) + quote;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Return a number as Python does: with an exponent below 1e-4 and from 1e16, which has two digits. */
function printedNumber(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return String(value);
}
