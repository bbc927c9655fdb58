/** The parts of a report, in order, with links to each. */
import type { ComponentChildren } from "preact";
import { texts } from "../../../i18n";
import { CompressionPart } from "./compression";
import { ConfusionPart } from "./confusion";
import type { Output, Report } from "./contents";
import { CurvesPart } from "./curves";
import { BaselinePart, ImportancePart } from "./features";
import { ClassesPart, MetricsPart } from "./metrics";
import { Overview } from "./overview";
import { ResidualsPart } from "./residuals";
import { SlicesPart, WorstPart } from "./rows";
import { ThresholdsPart } from "./thresholds";

const say = texts({
  overview: ["Overview", "概览"],
  metrics: ["Metrics", "指标"],
  classes: ["Classes", "类别"],
  confusion: ["Confusion matrix", "混淆矩阵"],
  curves: ["Curves", "曲线"],
  thresholds: ["Thresholds", "阈值"],
  residuals: ["Errors", "误差"],
  slices: ["Slices", "数据切片"],
  worst: ["Worst mistakes", "最严重的错误"],
  importance: ["Feature importance", "特征重要性"],
  compression: ["Compression", "模型压缩"],
  baseline: ["Data baseline", "数据基线"],
  of: ["{part} of {output}", "{output}：{part}"],
  sections: ["Sections of the report", "报告章节"],
});

interface Part {
  readonly id: string;
  readonly title: string;
  readonly content: ComponentChildren;
}

export function Parts({ found }: { readonly found: Report }) {
  const parts = [...partsOf(found)];
  return (
    <>
      <nav class="sections" aria-label={say.sections()}>
        {parts.map(({ id, title }) => (
          <button key={id} type="button" onClick={() => show(id)}>
            {title}
          </button>
        ))}
      </nav>
      {parts.map(({ id, title, content }) => (
        <section key={id} class="part" aria-labelledby={id}>
          <h2 id={id} tabIndex={-1}>
            {title}
          </h2>
          {content}
        </section>
      ))}
    </>
  );
}

/** Scroll to a part: the fragment of the address is the page's. */
function show(id: string): void {
  const heading = document.getElementById(id);
  heading?.scrollIntoView({ block: "start" });
  heading?.focus({ preventScroll: true });
}

function* partsOf(found: Report): Generator<Part> {
  const { report } = found;
  const { outputs = [], slices = [], worst = [] } = report.evaluation ?? {};
  yield { id: "part-overview", title: say.overview(), content: <Overview found={found} /> };
  for (const [position, output] of outputs.entries()) yield* partsOfOutput(output, position, outputs.length > 1);
  if (slices.length) yield { id: "part-slices", title: say.slices(), content: <SlicesPart slices={slices} /> };
  if (worst.length) yield { id: "part-worst", title: say.worst(), content: <WorstPart worst={worst} /> };
  if (report.importance) yield { id: "part-importance", title: say.importance(), content: <ImportancePart importance={report.importance} /> };
  if (report.compression) yield { id: "part-compression", title: say.compression(), content: <CompressionPart compression={report.compression} measurements={found.measurements ?? {}} /> };
  if (report.baseline) yield { id: "part-baseline", title: say.baseline(), content: <BaselinePart features={report.baseline.features} /> };
}

function* partsOfOutput(output: Output, position: number, several: boolean): Generator<Part> {
  const part = (key: "metrics" | "classes" | "confusion" | "curves" | "thresholds" | "residuals", content: ComponentChildren): Part => ({
    id: `part-${key}-${position}`,
    title: several ? say.of({ part: say[key](), output: output.output }) : say[key](),
    content,
  });
  const { roc = [], pr = [], calibration = [] } = output.curves ?? {};
  yield part("metrics", <MetricsPart output={output} />);
  if (output.per_class?.length) yield part("classes", <ClassesPart output={output} />);
  if (output.confusion?.length) yield part("confusion", <ConfusionPart output={output} />);
  if (roc.length + pr.length + calibration.length) yield part("curves", <CurvesPart output={output} />);
  if (output.thresholds?.length) yield part("thresholds", <ThresholdsPart output={output} />);
  if (output.residuals) yield part("residuals", <ResidualsPart output={output} />);
}
