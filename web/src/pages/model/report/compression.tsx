/** Variants of the model: size, time, and what they cost in quality. */
import { bytes, texts } from "../../../i18n";
import type { Candidate, Compression, Measurements } from "./contents";
import { Table } from "../../../components/table";
import { estimated, metricName, milliseconds, plainNumber } from "./values";

const say = texts({
  rule: ["Rule: {rule}.", "规则：{rule}。"],
  chosen: ["Chosen: {name}, because {reason}", "已选：{name}。{reason}"],
  caption: ["Variants", "模型变体"],
  variant: ["Variant", "变体"],
  within: ["Within budget", "在预算内"],
  size: ["Size", "大小"],
  compressed: ["Compressed", "压缩后"],
  one: ["1 row", "1 行"],
  many: ["32 rows", "32 行"],
  memory: ["Memory", "内存"],
  difference: ["Largest difference", "最大差异"],
  change: ["Change", "变化"],
  metric: ["Metric", "指标"],
  yes: ["yes", "是"],
  no: ["no", "否"],
  chosenMark: ["{name} (chosen)", "{name}（已选）"],
  unusable: ["Variants that cannot be used", "无法使用的变体"],
  reason: ["Reason", "原因"],
});

export function CompressionPart({ compression, measurements }: { readonly compression: Compression; readonly measurements: Measurements }) {
  const usable = compression.candidates.filter((each) => !each.error);
  const failed = compression.candidates.filter((each) => each.error);
  const metric = usable.find((each) => each.metric)?.metric;
  return (
    <>
      {compression.rule && <p>{say.rule({ rule: compression.rule })}</p>}
      <p>{say.chosen({ name: compression.chosen, reason: compression.reason ?? "" })}</p>
      <Table
        caption={say.caption()}
        head={[say.variant(), say.within(), say.size(), say.compressed(), say.one(), say.many(), say.memory(), say.difference(), metric ? metricName(metric) : say.metric(), say.change()]}
        rows={usable.map((each) => row(each, compression.chosen, measurements))}
        text={[1]}
      />
      <Table caption={say.unusable()} head={[say.variant(), say.reason()]} rows={failed.map((each) => [each.name, each.error ?? ""])} text={[1]} />
    </>
  );
}

function row(each: Candidate, chosen: string, measurements: Measurements) {
  const times = measurements.candidates?.[each.name] ?? {};
  return [
    each.name === chosen ? <strong key="name">{say.chosenMark({ name: each.name })}</strong> : each.name,
    typeof each.within === "boolean" ? (each.within ? say.yes() : say.no()) : "–",
    size(each.bytes),
    size(each.transfer_bytes),
    milliseconds(times.p50_1),
    milliseconds(times.p50_32),
    size(times.peak_bytes),
    plainNumber(each.largest_difference),
    estimated(each.value),
    estimated(each.change),
  ];
}

function size(count: number | undefined): string {
  return count === undefined ? "–" : bytes(count);
}
