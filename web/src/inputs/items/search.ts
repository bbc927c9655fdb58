/** Search among the names of items. */

/** Names that are found at a time: a longer list is not read. */
const SHOWN = 8;

/** Return a text without case and accents. */
function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{Mark}/gu, "").toLowerCase();
}

const indexes = new WeakMap<readonly string[], readonly string[]>();

/** Return the folded names, which are computed once. */
function indexOf(names: readonly string[]): readonly string[] {
  const found = indexes.get(names) ?? names.map(folded);
  indexes.set(names, found);
  return found;
}

/** Return the first names that have all words of a text, those that begin with it first, without some that are chosen. */
export function suggestions(names: readonly string[], text: string, chosen: readonly string[]): readonly string[] {
  const wanted = folded(text.trim());
  const words = wanted.split(/\s+/).filter(Boolean);
  const begins: string[] = [];
  const others: string[] = [];
  for (const [index, name] of indexOf(names).entries()) {
    const original = names[index] ?? "";
    if (!words.every((word) => name.includes(word)) || chosen.includes(original)) continue;
    const list = name.startsWith(wanted) ? begins : others;
    if (list.length < SHOWN) list.push(original);
    if (begins.length === SHOWN) break;
  }
  return [...begins, ...others].slice(0, SHOWN);
}
