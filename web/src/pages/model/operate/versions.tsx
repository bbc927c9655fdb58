/** The table of versions, and how far shadows differ. */
import type { ModelDetails } from "../../../api/types";
import { bytes, number, texts } from "../../../i18n";
import { to } from "../../../router";
import { Table } from "../../../components/table";
import { percent } from "./words";

const say = texts({
  versions: ["Versions", "版本"],
  version: ["Version", "版本"],
  state: ["State", "状态"],
  labels: ["Labels", "标签"],
  traffic: ["Traffic", "流量"],
  mirrored: ["Mirrored", "镜像"],
  size: ["Size", "大小"],
  pages: ["Pages", "页面"],
  answers: ["answers", "正在应答"],
  failed: ["failed", "失败"],
  withdrawn: ["withdrawn", "已撤回"],
  ready: ["available", "可用"],
  try: ["Try", "试用"],
  tryVersion: ["Try version {number}", "试用版本 {number}"],
  report: ["Report", "报告"],
  reportVersion: ["Report of version {number}", "版本 {number} 的报告"],
  shadows: ["Answers of mirrored versions beside those that callers got", "镜像版本与实际应答的对比"],
  compared: ["Compared", "已比较"],
  disagreed: ["Different", "不同"],
  failures: ["Failed", "失败"],
  dropped: ["Not run", "未运行"],
  largest: ["Largest difference", "最大差异"],
});

const FIGURES = ["compared", "disagreed", "failed", "dropped", "largest_difference"] as const;

export function Versions({ model }: { readonly model: ModelDetails }) {
  const rows = [...model.versions].reverse().map((version) => {
    const labels = Object.entries(model.labels).flatMap(([label, labelled]) => (labelled === version ? [label] : []));
    const share = model.traffic[version];
    const mirrored = model.mirrored[version];
    return [
      number(version),
      stateOf(model, version),
      labels.join(", "),
      share === undefined ? "" : percent(share),
      mirrored === undefined ? "" : percent(mirrored * 100),
      version === model.version && model.bytes ? bytes(model.bytes) : "",
      <Links key="links" model={model} version={version} />,
    ];
  });
  const head = [say.version(), say.state(), say.labels(), say.traffic(), say.mirrored(), say.size(), say.pages()];
  return <Table caption={say.versions()} head={head} rows={rows} text={[1, 2, 6]} headed />;
}

function Links({ model, version }: { readonly model: ModelDetails; readonly version: number }) {
  const query = { version: String(version) };
  return (
    <span class="links">
      <a href={to(["models", model.name, "try"], query)} aria-label={say.tryVersion({ number: version })}>
        {say.try()}
      </a>{" "}
      <a href={to(["models", model.name, "report"], query)} aria-label={say.reportVersion({ number: version })}>
        {say.report()}
      </a>
    </span>
  );
}

function stateOf(model: ModelDetails, version: number): string {
  if (model.withdrawn?.includes(version)) return say.withdrawn();
  if (model.answering === version) return say.answers();
  if (model.version === version && model.state === "failed") return say.failed();
  const answers = Object.keys(model.traffic).length ? (model.traffic[version] ?? 0) > 0 : model.version === version;
  return answers ? say.answers() : say.ready();
}

export function Shadows({ model }: { readonly model: ModelDetails }) {
  const rows = Object.entries(model.shadows ?? {}).map(([version, figures]) => [version, ...FIGURES.map((name) => shown(figures[name]))]);
  return <Table caption={say.shadows()} head={[say.version(), say.compared(), say.disagreed(), say.failures(), say.dropped(), say.largest()]} rows={rows} />;
}

function shown(value: unknown): string {
  return typeof value === "number" ? number(value) : "–";
}
