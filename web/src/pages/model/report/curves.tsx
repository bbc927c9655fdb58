/** Curves of classification: ROC, precision by recall, calibration. */
import { number, texts } from "../../../i18n";
import { Chart } from "./chart";
import type { Calibration, Curve, Output } from "./contents";
import { joined } from "./joined";
import { Table } from "../../../components/table";
import { isEstimate, plainNumber } from "./values";

const say = texts({
  roc: ["ROC curve: true positives by false positives, each class against the rest", "ROC 曲线：各类别相对其余类别的真阳性率与假阳性率"],
  pr: ["Precision by recall, each class against the rest", "精确率-召回率曲线（各类别相对其余类别）"],
  calibration: ["Calibration: on the diagonal where probabilities are as often right as they say", "校准曲线：越接近对角线，概率越可信"],
  falseRate: ["false positive rate", "假阳性率"],
  trueRate: ["true positive rate", "真阳性率"],
  recall: ["recall", "召回率"],
  precision: ["precision", "精确率"],
  mean: ["mean probability", "平均概率"],
  share: ["share of rows", "实际比例"],
  rows: ["Rows", "行数"],
  class: ["Class", "类别"],
  few: ["Of {all} classes, the {count} with the smallest area under the ROC curve are shown.", "共 {all} 个类别，仅显示 ROC 曲线下面积最小的 {count} 个。"],
  diagonal: ["chance", "随机"],
  ideal: ["calibrated", "理想"],
});

const LINES = 8;
/** Bins with fewer rows say little. */
const FEWEST = 5;
const RATES = [0.01, 0.05, 0.1, 0.2, 0.5];
const RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99];

export function CurvesPart({ output }: { readonly output: Output }) {
  const { roc = [], pr = [], calibration = [] } = output.curves ?? {};
  return (
    <>
      {roc.length > LINES && <p class="hint">{say.few({ all: roc.length, count: LINES })}</p>}
      <div class="charts">
        {roc.length > 0 && <Roc curves={shown(output, roc)} />}
        {pr.length > 0 && <PrecisionRecall curves={shown(output, pr)} />}
        {calibration.length > 0 && <CalibrationChart curves={shown(output, calibration)} />}
      </div>
    </>
  );
}

/** Return the second class of two, else those with the smallest areas. */
function shown<T extends { readonly class: string }>(output: Output, curves: readonly T[]): readonly T[] {
  if (output.task === "classes" && output.classes?.length === 2) return curves.slice(-1);
  const areas = new Map(output.per_class?.map((each) => [each.class, isEstimate(each["roc_auc"]) ? each["roc_auc"].value : 1]));
  const area = (curve: T) => areas.get(curve.class) ?? 1;
  const worst = new Set([...curves].sort((a, b) => area(a) - area(b)).slice(0, LINES));
  return curves.filter((curve) => worst.has(curve));
}

const DASHED = { dash: [4, 4], width: 1 };

function Roc({ curves }: { readonly curves: readonly Curve[] }) {
  const rows = curves.map((curve) => [curve.class, ...RATES.map((rate) => largest(curve, (x) => x <= rate))]);
  const series = [...curves.map((curve) => ({ label: curve.class })), { label: say.diagonal(), ...DASHED }];
  return (
    <Chart title={say.roc()} drawing={{ data: joined([...curves, DIAGONAL]), series, x: say.falseRate(), y: say.trueRate(), unit: true }}>
      <Table caption={`${say.trueRate()} / ${say.falseRate()}`} head={[say.class(), ...RATES.map((rate) => number(rate))]} rows={rows} />
    </Chart>
  );
}

function PrecisionRecall({ curves }: { readonly curves: readonly Curve[] }) {
  const rows = curves.map((curve) => [curve.class, ...RECALLS.map((least) => largest(curve, (x) => x >= least))]);
  return (
    <Chart title={say.pr()} drawing={{ data: joined(curves), series: curves.map((curve) => ({ label: curve.class })), x: say.recall(), y: say.precision(), unit: true }}>
      <Table caption={`${say.precision()} / ${say.recall()}`} head={[say.class(), ...RECALLS.map((recall) => number(recall))]} rows={rows} />
    </Chart>
  );
}

function CalibrationChart({ curves }: { readonly curves: readonly Calibration[] }) {
  const bins = curves.flatMap((curve) => curve.mean.map((mean, bin) => [curve.class, plainNumber(mean), plainNumber(curve.share[bin]), plainNumber(curve.count[bin])]));
  const points = curves.map(({ mean, share, count }) => {
    const kept = mean.map((_, bin) => bin).filter((bin) => (count[bin] ?? 0) >= FEWEST);
    return { x: kept.map((bin) => mean[bin] ?? 0), y: kept.map((bin) => share[bin] ?? null) };
  });
  const series = [...curves.map((curve) => ({ label: curve.class, points: { show: true, size: 7 } })), { label: say.ideal(), ...DASHED }];
  return (
    <Chart title={say.calibration()} drawing={{ data: joined([...points, DIAGONAL]), series, x: say.mean(), y: say.share(), unit: true }}>
      <Table caption={say.calibration()} head={[say.class(), say.mean(), say.share(), say.rows()]} rows={bins} />
    </Chart>
  );
}

const DIAGONAL = { x: [0, 1], y: [0, 1] };

function largest(curve: Curve, accepts: (x: number) => boolean): string {
  const found = curve.y.filter((_, position) => accepts(curve.x[position] ?? NaN));
  return plainNumber(found.length ? Math.max(...found) : null);
}
