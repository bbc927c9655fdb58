/** Metrics with their intervals, as numbers and as dots with whiskers. */
import { number, texts } from "../../../i18n";
import type { Estimate, Metrics, Output } from "./contents";
import { Table } from "../../../components/table";
import { MAIN, estimated, isEstimate, metricName, smallerIsBetter } from "./values";

const say = texts({
  rows: ["{rows} rows.", "{rows} 行。"],
  excluded: ["{rows} rows without a target or a finite prediction are not counted.", "{rows} 行没有目标值或有限的预测值，未计入。"],
  all: ["Metrics and their 95 % intervals", "指标及其 95% 区间"],
  metric: ["Metric", "指标"],
  value: ["Value", "值"],
  interval: ["Interval", "区间"],
  to: ["{low} to {high}", "{low} 至 {high}"],
  scale: ["Scale {low} to {high}", "刻度 {low} 至 {high}"],
  compiled: ["Loss and metrics that the model was compiled with", "模型编译时指定的损失和指标"],
  absent: ["Metrics that are undefined for these rows", "对这些行没有定义的指标"],
  reason: ["Reason", "原因"],
  class: ["Class", "类别"],
  perClass: ["Metrics by class", "各类别的指标"],
  support: ["Rows", "行数"],
});

export function MetricsPart({ output }: { readonly output: Output }) {
  const metrics = Object.entries(output.metrics ?? {});
  const range = rangeOf(output.metrics ?? {});
  const rows = metrics.map(([name, each]) => [metricName(name), estimated(each.value), interval(each), drawn(name, each) && <Whiskers key={name} estimate={each} range={range} />]);
  return (
    <>
      <p>
        {say.rows({ rows: number(output.rows) })} {output.excluded ? say.excluded({ rows: number(output.excluded) }) : ""}
      </p>
      <Table
        caption={say.all()}
        head={[say.metric(), say.value(), say.interval(), say.scale({ low: number(range[0]), high: number(range[1]) })]}
        rows={rows}
        text={[3]}
      />
      <Table caption={say.compiled()} head={[say.metric(), say.value()]} rows={Object.entries(output.compiled_metrics ?? {}).map(([name, value]) => [name, estimated(value)])} />
      <Table caption={say.absent()} head={[say.metric(), say.reason()]} rows={Object.entries(output.absent ?? {}).map(([name, reason]) => [metricName(name), reason])} text={[1]} />
    </>
  );
}

/** The most important metrics, large. */
export function Tiles({ output }: { readonly output: Output }) {
  const names = MAIN[output.task].filter((name) => output.metrics?.[name]);
  return (
    <dl class="tiles">
      {names.map((name) => {
        const each = output.metrics?.[name] as Estimate;
        return (
          <div key={name}>
            <dt>{metricName(name)}</dt>
            <dd>
              {estimated(each.value)}
              <small>{interval(each)}</small>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

export function ClassesPart({ output }: { readonly output: Output }) {
  const classes = output.per_class ?? [];
  const names = [...new Set(classes.flatMap((each) => Object.keys(each)))].filter((name) => name !== "class" && name !== "support");
  const rows = classes.map((each) => [each.class, number(each.support), ...names.map((name) => withInterval(each[name]))]);
  return <Table caption={say.perClass()} head={[say.class(), say.support(), ...names.map(metricName)]} rows={rows} />;
}

export function interval({ low, high }: Estimate): string {
  return typeof low === "number" && typeof high === "number" ? say.to({ low: estimated(low), high: estimated(high) }) : "–";
}

/** Return a metric with its interval below it. */
export function withInterval(value: unknown) {
  if (!isEstimate(value)) return "–";
  return (
    <>
      {estimated(value.value)}
      {typeof value.low === "number" && <small>{interval(value)}</small>}
    </>
  );
}

type Range = readonly [low: number, high: number];

/** Return the scale of metrics between 0 and 1, from a tenth below the smallest. */
function rangeOf(metrics: Metrics): Range {
  const lows = Object.entries(metrics).flatMap(([name, each]) => (drawn(name, each) ? [each.low ?? each.value] : []));
  return [Math.max(0, Math.floor(Math.min(0.9, ...lows) * 10) / 10), 1];
}

/** Only scores from 0 to 1, of which 1 is the best, share a scale. */
function drawn(name: string, { value, low, high }: Estimate): boolean {
  return !smallerIsBetter(name) && [value, low ?? value, high ?? value].every((each) => each >= 0 && each <= 1);
}

/** A dot at the value, a line over the interval; the numbers are beside it. */
function Whiskers({ estimate, range }: { readonly estimate: Estimate; readonly range: Range }) {
  const at = (value: number) => (100 * (value - range[0])) / (range[1] - range[0]);
  const { value, low, high } = estimate;
  return (
    <span class="whiskers" aria-hidden="true">
      {typeof low === "number" && typeof high === "number" && <span class="line" style={{ left: `${at(low)}%`, width: `${at(high) - at(low)}%` }} />}
      <span class="dot" style={{ left: `${at(value)}%` }} />
    </span>
  );
}
