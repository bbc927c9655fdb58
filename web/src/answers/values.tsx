/** Values of an output without class names: a number, a list, texts, or a summary of a larger tensor. */
import { number, texts } from "../i18n";
import { plain } from "./numbers";

const say = texts({
  summary: ["{shape} numbers from {low} to {high}, mean {mean}", "{shape} 个数值，范围 {low} 至 {high}，均值 {mean}"],
  values: ["Values as JSON", "JSON 数值"],
  position: ["Position", "位置"],
  value: ["Value", "值"],
});

/** Longer lists are shown as a summary. */
const LISTED = 24;
/** Characters of a tensor's JSON that are shown. */
const SHOWN = 20_000;

export function Values({ name, value }: { readonly name: string; readonly value: unknown }) {
  const flat = Array.isArray(value) ? (value.flat(Number.POSITIVE_INFINITY) as unknown[]) : [value];
  if (flat.length === 1) return <Single name={name} value={flat[0]} />;
  if (flat.every((item) => typeof item === "string")) return <Tokens texts={flat} />;
  const nested = Array.isArray(value) && Array.isArray(value[0]);
  return nested || flat.length > LISTED ? <Summary value={value} flat={flat} /> : <Listed flat={flat} />;
}

function Single({ name, value }: { readonly name: string; readonly value: unknown }) {
  return (
    <p class="best" aria-live="polite">
      {name && <span class="name">{name}</span>} {plain(value)}
    </p>
  );
}

function Tokens({ texts: tokens }: { readonly texts: readonly string[] }) {
  return (
    <ul class="tokens">
      {tokens.map((token, index) => (
        <li key={index}>{token}</li>
      ))}
    </ul>
  );
}

function Listed({ flat }: { readonly flat: readonly unknown[] }) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">{say.position()}</th>
          <th scope="col">{say.value()}</th>
        </tr>
      </thead>
      <tbody>
        {flat.map((item, index) => (
          <tr key={index}>
            <th scope="row">{index}</th>
            <td>{plain(item)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Summary({ value, flat }: { readonly value: unknown; readonly flat: readonly unknown[] }) {
  const numbers = flat.filter((item) => typeof item === "number");
  const [first = 0] = numbers;
  const low = numbers.reduce((found, item) => Math.min(found, item), first);
  const high = numbers.reduce((found, item) => Math.max(found, item), first);
  const mean = numbers.reduce((sum, item) => sum + item, 0) / Math.max(1, numbers.length);
  const words = { shape: shapeOf(value).join(" × "), low: number(low), high: number(high), mean: number(mean) };
  return (
    <>
      <p>{say.summary(words)}</p>
      <details>
        <summary>{say.values()}</summary>
        <pre class="scroll" tabIndex={0}>
          {JSON.stringify(value).slice(0, SHOWN)}
        </pre>
      </details>
    </>
  );
}

function shapeOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}
