/** Contributions as bars to both sides of zero; it is a table, so that it can be read aloud, too. */
import { useState } from "preact/hooks";
import { number, texts } from "../../i18n";
import { signed } from "../numbers";

const say = texts({
  caption: ["Bars to the right speak for the answer, bars to the left against it.", "向右的条支持该结果，向左的条反对该结果。"],
  feature: ["Feature", "特征"],
  value: ["Value", "值"],
  contribution: ["Contribution", "贡献"],
  more: ["Show all {count}", "显示全部 {count} 个"],
  fewer: ["Show fewer", "收起"],
});

const SHOWN = 10;

export interface Contribution {
  readonly name: string;
  /** The value that was sent. */
  readonly shown: string;
  readonly value: number;
}

export function ContributionBars({ contributions }: { readonly contributions: readonly Contribution[] }) {
  const [all, setAll] = useState(false);
  const sorted = [...contributions].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const largest = Math.abs(sorted[0]?.value ?? 0) || 1;
  return (
    <>
      <table class="contributions">
        <caption class="hint">{say.caption()}</caption>
        <thead>
          <tr>
            <th scope="col">{say.feature()}</th>
            <th scope="col">{say.value()}</th>
            <th scope="col">{say.contribution()}</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, all ? sorted.length : SHOWN).map((each, index) => (
            <Row key={`${each.name} ${index}`} contribution={each} largest={largest} />
          ))}
        </tbody>
      </table>
      {sorted.length > SHOWN && (
        <button type="button" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? say.fewer() : say.more({ count: number(sorted.length) })}
        </button>
      )}
    </>
  );
}

function Row({ contribution: { name, shown, value }, largest }: { readonly contribution: Contribution; readonly largest: number }) {
  const width = `${(50 * Math.abs(value)) / largest}%`;
  return (
    <tr>
      <th scope="row">
        <bdi>{name}</bdi>
      </th>
      <td>{shown}</td>
      <td>
        <div class="measure">
          <span class="number">{signed(value)}</span>
          <span class="axis" aria-hidden="true">
            <span class={value < 0 ? "against" : "for"} style={value < 0 ? { width, right: "50%" } : { width, left: "50%" }} />
          </span>
        </div>
      </td>
    </tr>
  );
}
