/** Ranked items: a list with scores as bars, and the items because of which each one is ranked. */
import type { OutputField, Prediction } from "../api/types";
import { number, texts } from "../i18n";
import { firstRow, valuesOf } from "./outputs";

const say = texts({
  rank: ["Rank", "排名"],
  item: ["Item", "项目"],
  score: ["Score", "得分"],
  because: ["because of {names}", "因为 {names}"],
  and: [", ", "、"],
  none: ["Nothing is ranked.", "没有排名结果。"],
});

export interface Ranked {
  readonly name: string;
  readonly score: number | null;
  readonly reasons: readonly string[];
}

/** Return the ranked items of the first row; items that are no item are left out. */
export function rankedOf(output: OutputField, prediction: Prediction): readonly Ranked[] {
  const [names, scores, reasons] = [output.name, output.scores, output.reasons].map((name) => listOf(name, prediction));
  return (names ?? []).flatMap((name, index) => {
    const score = scores?.[index];
    if (typeof name !== "string") return [];
    return [{ name, score: typeof score === "number" ? score : null, reasons: textsIn(reasons?.[index]) }];
  });
}

function listOf(name: string | undefined, prediction: Prediction): readonly unknown[] {
  const row = name === undefined ? [] : firstRow(valuesOf({ name }, prediction));
  return Array.isArray(row) ? row : [];
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function Ranking({ output, prediction }: { readonly output: OutputField; readonly prediction: Prediction }) {
  const ranked = rankedOf(output, prediction);
  if (ranked.length === 0) return <p class="empty">{say.none()}</p>;
  const scores = ranked.flatMap(({ score }) => (score === null ? [] : [score]));
  const low = Math.min(0, ...scores);
  const span = Math.max(0, ...scores) - low || 1;
  return (
    <table class="bars ranking" aria-live="polite">
      <colgroup>
        <col class="ranks" />
        <col />
        {scores.length > 0 && <col class="scores" />}
      </colgroup>
      <thead class="hidden">
        <tr>
          <th scope="col">{say.rank()}</th>
          <th scope="col">{say.item()}</th>
          {scores.length > 0 && <th scope="col">{say.score()}</th>}
        </tr>
      </thead>
      <tbody>
        {ranked.map(({ name, score, reasons }, index) => (
          <tr key={`${index} ${name}`}>
            <td class="rank">{number(index + 1)}</td>
            <th scope="row">
              <bdi>{name}</bdi>
              {reasons.length > 0 && <Reasons names={reasons} />}
            </th>
            {scores.length > 0 && <td>{score !== null && <Score score={score} share={(score - low) / span} />}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Reasons({ names }: { readonly names: readonly string[] }) {
  return <span class="reasons">{say.because({ names: names.map((name) => `\u2068${name}\u2069`).join(say.and()) })}</span>;
}

function Score({ score, share }: { readonly score: number; readonly share: number }) {
  return (
    <div class="measure">
      <span class="track" aria-hidden="true">
        <span class="fill" style={{ width: `${100 * share}%` }} />
      </span>
      <span>{number(score, { maximumSignificantDigits: 3 })}</span>
    </div>
  );
}
