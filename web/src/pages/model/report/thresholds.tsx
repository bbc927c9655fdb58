/** Metrics of a binary model by its threshold, with a slider that chooses one. */
import { useState } from "preact/hooks";
import { number, texts } from "../../../i18n";
import { Chart } from "./chart";
import type { Output } from "./contents";
import { Table } from "../../../components/table";
import { metricName, plainNumber } from "./values";

const say = texts({
  title: ["Metrics where a row is predicted as “{name}” from this probability on", "概率达到该阈值即预测为“{name}”时的指标"],
  threshold: ["Threshold", "阈值"],
  positive: ["At {threshold}: {predicted} rows are predicted as “{name}”.", "阈值 {threshold}：{predicted} 行预测为“{name}”。"],
  predicted: ["Rows from it on", "达到阈值的行数"],
});

const NAMES = ["precision", "recall", "f1", "accuracy"] as const;

export function ThresholdsPart({ output }: { readonly output: Output }) {
  const rows = output.thresholds ?? [];
  const [chosen, setChosen] = useState(() => Math.max(0, rows.findIndex((row) => row.threshold >= 0.5)));
  const row = rows[chosen];
  const name = output.classes?.at(-1) ?? "";
  if (!row) return null;
  return (
    <>
      <label class="slider">
        {say.threshold()} <input type="range" min="0" max={rows.length - 1} value={chosen} aria-valuetext={number(row.threshold)} onInput={(event) => setChosen(event.currentTarget.valueAsNumber)} />
        <output>{number(row.threshold)}</output>
      </label>
      <p role="status">{say.positive({ threshold: number(row.threshold), predicted: number(row.predicted), name })}</p>
      <dl class="tiles small">
        {NAMES.map((each) => (
          <div key={each}>
            <dt>{metricName(each)}</dt>
            <dd>{plainNumber(row[each])}</dd>
          </div>
        ))}
      </dl>
      <Chart
        title={say.title({ name })}
        drawing={{ data: [rows.map((each) => each.threshold), ...NAMES.map((each) => rows.map((found) => found[each]))], series: NAMES.map((each) => ({ label: metricName(each) })), x: say.threshold(), y: "", unit: true }}
      >
        <Table
          caption={say.title({ name })}
          head={[say.threshold(), ...NAMES.map(metricName), say.predicted()]}
          rows={rows.map((each) => [number(each.threshold), ...NAMES.map((metric) => plainNumber(each[metric])), number(each.predicted)])}
        />
      </Chart>
    </>
  );
}
