/** Two versions side by side: metrics with their difference in words, size and latency. */
import { useLoaded } from "../../../api/loading";
import type { ModelDetails } from "../../../api/types";
import { Shown } from "../../../components/states";
import { bytes, texts } from "../../../i18n";
import type { Estimate, Output, Report } from "./contents";
import { reportOf } from "./loading";
import { withInterval } from "./metrics";
import { Table } from "../../../components/table";
import { estimated, metricName, milliseconds, smallerIsBetter } from "./values";

const say = texts({
  title: ["Version {first} beside version {second}", "版本 {first} 与版本 {second} 对比"],
  caption: ["Metrics of {output}", "{output} 的指标"],
  metric: ["Metric", "指标"],
  version: ["Version {number}", "版本 {number}"],
  difference: ["Difference", "差值"],
  meaning: ["Meaning", "含义"],
  better: ["Version {number} is better: the intervals do not overlap.", "版本 {number} 更好：区间不重叠。"],
  unclear: ["The intervals overlap: the difference may be chance.", "区间重叠：差异可能只是偶然。"],
  equal: ["Equal.", "相同。"],
  unknown: ["Without intervals it is open whether this is chance.", "没有区间，无法判断是否偶然。"],
  cost: ["Size and time", "大小与耗时"],
  size: ["Size", "大小"],
  one: ["Time of 1 row", "1 行耗时"],
  many: ["Time of 32 rows", "32 行耗时"],
  otherData: ["The versions were evaluated with different data: their metrics can be compared only roughly.", "两个版本使用了不同的数据进行评估，指标只能粗略比较。"],
  missing: ["Version {number} has no report.", "版本 {number} 没有报告。"],
  nothing: ["The versions have no metrics in common.", "两个版本没有共同的指标。"],
});

interface Props {
  readonly model: ModelDetails;
  readonly found: Report;
  readonly other: number;
}

export function Comparison({ model, found, other }: Props) {
  const [loaded, again] = useLoaded((signal) => reportOf(model, other, signal), [model.name, other]);
  return (
    <section class="part compared" aria-labelledby="compared">
      <h2 id="compared">{say.title({ first: found.version, second: other })}</h2>
      <Shown of={loaded} again={again}>
        {(second) => (second ? <Both first={found} second={second} /> : <p>{say.missing({ number: other })}</p>)}
      </Shown>
    </section>
  );
}

function Both({ first, second }: { readonly first: Report; readonly second: Report }) {
  const outputs = first.report.evaluation?.outputs ?? [];
  const pairs = outputs.flatMap((output) => {
    const same = second.report.evaluation?.outputs?.find((each) => each.output === output.output);
    return same ? [[output, same] as const] : [];
  });
  const sameData = first.report.evaluation?.data?.sha256 === second.report.evaluation?.data?.sha256;
  return (
    <>
      {pairs.length > 0 && !sameData && <p class="notice">{say.otherData()}</p>}
      {pairs.length === 0 && <p>{say.nothing()}</p>}
      {pairs.map(([one, two]) => (
        <MetricPairs key={one.output} one={one} two={two} versions={[first.version, second.version]} />
      ))}
      <Table
        caption={say.cost()}
        head={["", say.version({ number: first.version }), say.version({ number: second.version })]}
        rows={[
          [say.size(), size(first), size(second)],
          [say.one(), milliseconds(times(first).p50_1), milliseconds(times(second).p50_1)],
          [say.many(), milliseconds(times(first).p50_32), milliseconds(times(second).p50_32)],
        ]}
      />
    </>
  );
}

type Versions = readonly [first: number, second: number];

function MetricPairs({ one, two, versions }: { readonly one: Output; readonly two: Output; readonly versions: Versions }) {
  const rows = Object.entries(one.metrics ?? {}).flatMap(([name, a]) => {
    const b = two.metrics?.[name];
    return b ? [[metricName(name), withInterval(a), withInterval(b), estimated(b.value - a.value), meaning(name, a, b, versions)]] : [];
  });
  if (!rows.length) return <p>{say.nothing()}</p>;
  const head = [say.metric(), ...versions.map((number) => say.version({ number })), say.difference(), say.meaning()];
  return <Table caption={say.caption({ output: one.output })} head={head} rows={rows} text={[4]} />;
}

/** Say what a difference means, by the intervals. */
function meaning(name: string, a: Estimate, b: Estimate, versions: Versions): string {
  if (a.value === b.value) return say.equal();
  if (![a.low, a.high, b.low, b.high].every((each) => typeof each === "number")) return say.unknown();
  if ((a.low ?? 0) <= (b.high ?? 0) && (b.low ?? 0) <= (a.high ?? 0)) return say.unclear();
  const larger = a.value > b.value ? 0 : 1;
  return say.better({ number: versions[smallerIsBetter(name) ? 1 - larger : larger] ?? 0 });
}

function times({ report, measurements }: Report) {
  return measurements?.candidates?.[report.compression?.chosen ?? "fp32"] ?? {};
}

function size({ report: { compression } }: Report): string {
  const found = compression?.candidates.find((each) => each.name === compression.chosen)?.bytes;
  return found === undefined ? "–" : bytes(found);
}
