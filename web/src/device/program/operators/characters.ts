/** Classes of ASCII characters in patterns of RE2, as `src/lightship/preprocessing/patterns`. */
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", a: "\x07" };

/** Return the characters of a pattern that is one class, such as `[,-\.x]`; null for all other patterns. */
export function singleCharacters(pattern: string): ReadonlySet<string> | null {
  if (!/^\[[^^][\x00-\x7f]*\]$/.test(pattern)) return null;
  const members = membersOf(pattern.slice(1, -1));
  if (!members) return null;
  const found = new Set<string>();
  for (let at = 0; at < members.length; at++) {
    const member = members[at] as Member;
    const range = members[at + 1]?.text === "-" && !members[at + 1]?.escaped && at + 2 < members.length;
    const [first, last] = [member.text.charCodeAt(0), (range ? (members[at + 2] as Member).text : member.text).charCodeAt(0)];
    if (last < first) return null;
    for (let code = first; code <= last; code++) found.add(String.fromCharCode(code));
    if (range) at += 2;
  }
  return found;
}

interface Member {
  readonly text: string;
  readonly escaped: boolean;
}

/** Return the characters between brackets; null for classes inside, and where the brackets end before. */
function membersOf(inner: string): readonly Member[] | null {
  const members: Member[] = [];
  for (let at = 0; at < inner.length; at++) {
    let text = inner[at] as string;
    const escaped = text === "\\";
    if (escaped) {
      const next = inner[++at] ?? "";
      text = CONTROLS[next] ?? (/[!-/:-@[-`{-~]/.test(next) ? next : "");
    }
    const ends = !escaped && text === "]" && members.length > 0;
    if (!text || ends || (!escaped && text === "[" && inner[at + 1] === ":")) return null;
    members.push({ text, escaped });
  }
  return members;
}
