/** A text whose words are coloured by their contributions. */
import { texts } from "../../i18n";
import { signed } from "../numbers";

const say = texts({
  caption: ["{name}: blue words speak for the answer, orange words against it.", "{name}：蓝色词语支持该结果，橙色词语反对该结果。"],
  table: ["Contributions as a table", "贡献表格"],
  word: ["Words", "词语"],
  contribution: ["Contribution", "贡献"],
});

/** Part of the colour in the ground of the strongest word, so that the text stays readable. */
const STRONGEST = 55;

export interface Token {
  readonly token: string;
  readonly value: number;
}

export function TokenColours({ name, tokens }: { readonly name: string; readonly tokens: readonly Token[] }) {
  const largest = Math.max(...tokens.map(({ value }) => Math.abs(value))) || 1;
  return (
    <figure class="words">
      <figcaption class="hint">{say.caption({ name })}</figcaption>
      <p>
        {tokens.map(({ token, value }, index) => (
          <span key={index}>
            <span class="word" style={{ background: colour(value / largest) }} title={signed(value)}>
              {token}
            </span>{" "}
          </span>
        ))}
      </p>
      <Table tokens={tokens} />
    </figure>
  );
}

function colour(strength: number): string {
  const base = strength < 0 ? "var(--against)" : "var(--for)";
  return `color-mix(in srgb, ${base} ${Math.round(STRONGEST * Math.abs(strength))}%, transparent)`;
}

function Table({ tokens }: { readonly tokens: readonly Token[] }) {
  return (
    <details>
      <summary>{say.table()}</summary>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{say.word()}</th>
            <th scope="col">{say.contribution()}</th>
          </tr>
        </thead>
        <tbody>
          {tokens.map(({ token, value }, index) => (
            <tr key={index}>
              <th scope="row">{token}</th>
              <td>{signed(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
