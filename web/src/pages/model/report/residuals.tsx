/** Errors of a regression: by prediction, and their distribution. */
import { number, texts } from "../../../i18n";
import { Chart } from "./chart";
import type { Output } from "./contents";
import { Table } from "../../../components/table";

const say = texts({
  scatter: ["Prediction minus target, by prediction; {rows} rows", "预测值与目标值之差（按预测值），{rows} 行"],
  histogram: ["Distribution of the errors", "误差分布"],
  predicted: ["prediction", "预测值"],
  residual: ["error", "误差"],
  rows: ["rows", "行数"],
  to: ["{low} to {high}", "{low} 至 {high}"],
});

export function ResidualsPart({ output }: { readonly output: Output }) {
  const { residuals } = output;
  if (!residuals) return null;
  const { edges, counts } = residuals.histogram;
  const centre = (bin: number) => ((edges[bin] ?? 0) + (edges[bin + 1] ?? 0)) / 2;
  const order = residuals.predicted.map((_, row) => row).sort((a, b) => (residuals.predicted[a] ?? 0) - (residuals.predicted[b] ?? 0));
  const points: [number[], number[]] = [order.map((row) => residuals.predicted[row] ?? 0), order.map((row) => residuals.residual[row] ?? 0)];
  const bins = counts.map((count, bin) => [say.to({ low: number(edges[bin] ?? 0), high: number(edges[bin + 1] ?? 0) }), number(count)]);
  return (
    <div class="charts">
      <Chart
        title={say.scatter({ rows: number(order.length) })}
        drawing={{ data: points, series: [{ label: say.residual(), paths: () => null, points: { show: true, size: 5 } }], x: say.predicted(), y: say.residual() }}
      />
      <Chart title={say.histogram()} drawing={{ data: [counts.map((_, bin) => centre(bin)), [...counts]], series: [{ label: say.rows(), filled: true }], x: say.residual(), y: say.rows(), bars: true }}>
        <Table caption={say.histogram()} head={[say.residual(), say.rows()]} rows={bins} />
      </Chart>
    </div>
  );
}
