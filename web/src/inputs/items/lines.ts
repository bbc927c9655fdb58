/** Files with one name per line. */

/** Return the names in a text, as `lightship.tensors.names` reads them. */
export function linesOf(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.trim());
}
