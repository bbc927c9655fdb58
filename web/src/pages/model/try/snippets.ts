/** A request as code. Tokens are never part of it. */

export interface Call {
  readonly url: string;
  readonly body: string;
  readonly signsIn: boolean;
  /** The image that is the body, null for JSON. */
  readonly file: { readonly type: string; readonly name: string } | null;
}

export type Tongue = "curl" | "Python" | "JavaScript";

export const SNIPPETS: Readonly<Record<Tongue, (call: Call) => string>> = { curl, Python: python, JavaScript: javascript };

function headersOf({ file, signsIn }: Call): Record<string, string> {
  return { "Content-Type": file?.type ?? "application/json", ...(signsIn && { Authorization: "Bearer TOKEN" }) };
}

function curl(call: Call): string {
  const headers = Object.entries(headersOf(call)).map(([name, value]) => `  -H '${name}: ${value}' \\`);
  const body = call.file ? `  --data-binary @${call.file.name}` : `  -d ${quoted(call.body)}`;
  return [`curl ${quoted(call.url)} \\`, ...headers, body].join("\n");
}

/** Quote a text for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function python(call: Call): string {
  const body = call.file ? `open(${JSON.stringify(call.file.name)}, "rb")` : `${pythonText(call.body)}.encode()`;
  return [
    "import requests",
    "",
    "response = requests.post(",
    `    ${JSON.stringify(call.url)},`,
    `    headers=${JSON.stringify(headersOf(call))},`,
    `    data=${body},`,
    ")",
    "response.raise_for_status()",
    "print(response.json())",
  ].join("\n");
}

/** Return a text as a literal: each string of JSON is one of Python, too. */
function pythonText(text: string): string {
  return text.includes("'") || text.includes("\\") ? JSON.stringify(text) : `'${text}'`;
}

function javascript(call: Call): string {
  const body = call.file ? "file, // a File or Blob" : `JSON.stringify(${call.body}),`;
  return [
    `const response = await fetch(${JSON.stringify(call.url)}, {`,
    `  method: "POST",`,
    `  headers: ${JSON.stringify(headersOf(call))},`,
    `  body: ${body}`,
    "});",
    "if (!response.ok) throw new Error(await response.text());",
    "console.log(await response.json());",
  ].join("\n");
}
