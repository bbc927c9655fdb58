/** Probabilities of classes as labelled bars, the most probable first. */
import { useState } from "preact/hooks";
import { number, texts } from "../i18n";
import { percent } from "./numbers";

const say = texts({
  more: ["Show all {count}", "显示全部 {count} 个"],
  fewer: ["Show fewer", "收起"],
  best: ["{name}, {share}", "{name}，{share}"],
  class: ["Class", "类别"],
  probability: ["Probability", "概率"],
});

const SHOWN = 5;
/** More bars than that make the page slow. */
const MOST = 1000;

export function ClassBars({ classes }: { readonly classes: Readonly<Record<string, number>> }) {
  const [all, setAll] = useState(false);
  // Objects list keys such as "7" in the order of numbers, so the order of the answer is lost.
  const sorted = Object.entries(classes).sort(([, a], [, b]) => b - a);
  const [best] = sorted;
  return (
    <>
      {best && (
        <p class="best" aria-live="polite">
          {say.best({ name: best[0], share: percent(best[1]) })}
        </p>
      )}
      <table class="bars">
        <colgroup>
          <col class="names" />
          <col />
        </colgroup>
        <thead class="hidden">
          <tr>
            <th scope="col">{say.class()}</th>
            <th scope="col">{say.probability()}</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, all ? MOST : SHOWN).map(([name, share]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <div class="measure">
                  <Bar share={share} />
                  <span>{percent(share)}</span>
                </div>
              </td>
            </tr>
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

function Bar({ share }: { readonly share: number }) {
  return (
    <span class="track" aria-hidden="true">
      <span class="fill" style={{ width: `${100 * Math.min(1, Math.max(0, share))}%` }} />
    </span>
  );
}
