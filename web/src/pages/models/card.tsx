/** One model of the list. */
import type { Kind, ModelSummary } from "../../api/types";
import { bytes, number, texts } from "../../i18n";
import { to } from "../../router";

const say = texts({
  version: ["version {number}", "版本 {number}"],
  default: ["default", "默认"],
  failed: ["failed", "失败"],
  answering: ["Version {number} answers instead.", "由版本 {number} 应答。"],
  traffic: ["traffic {shares}", "流量 {shares}"],
  mirrored: ["mirrored to {versions}", "镜像到版本 {versions}"],
  label: ["{label}: {number}", "{label}：{number}"],
});
const kinds = texts({
  tabular: ["table", "表格"],
  image: ["image", "图像"],
  text: ["text", "文本"],
  items: ["items", "项目列表"],
  tensor: ["numbers", "数值"],
  example: ["TF Example", "TF Example"],
} satisfies Record<Kind, readonly [string, string]>);

/** Numbers of the evaluation that a card has room for. */
const METRICS = 3;

export function ModelCard({ model }: { readonly model: ModelSummary }) {
  return (
    <li class="card model">
      <h2>
        <a href={to(["models", model.name])}>{model.name}</a>
      </h2>
      {model.purpose && <p>{model.purpose}</p>}
      <Chips model={model} />
      <Traffic model={model} />
      {model.state === "failed" && <Failed model={model} />}
      <Metrics metrics={model.metrics ?? {}} />
    </li>
  );
}

function Chips({ model }: { readonly model: ModelSummary }) {
  const labels = Object.entries(model.labels ?? {}).map(([label, version]) => say.label({ label, number: version }));
  const kindsOf = (model.kinds ?? []).map((kind) => kinds[kind]?.() ?? kind);
  const facts = [
    model.version === null ? "" : say.version({ number: model.version }),
    ...labels,
    ...new Set(kindsOf),
    model.engine ?? "",
    model.bytes ? bytes(model.bytes) : "",
  ];
  return (
    <p class="chips">
      {model.default && <span class="chip strong">{say.default()}</span>}
      {model.state === "failed" && <span class="chip bad">{say.failed()}</span>}
      {facts.filter(Boolean).map((fact) => (
        <span key={fact} class="chip">
          {fact}
        </span>
      ))}
    </p>
  );
}

function Traffic({ model }: { readonly model: ModelSummary }) {
  const shares = Object.entries(model.traffic ?? {}).map(([version, share]) => `v${version} ${number(share / 100, { style: "percent" })}`);
  const mirrored = Object.keys(model.mirrored ?? {});
  const words = [shares.length ? say.traffic({ shares: shares.join(", ") }) : "", mirrored.length ? say.mirrored({ versions: mirrored.join(", ") }) : ""];
  const text = words.filter(Boolean).join("; ");
  return text ? <p class="hint">{text}</p> : null;
}

function Failed({ model }: { readonly model: ModelSummary }) {
  return (
    <p class="problem">
      {model.error} {model.answering ? say.answering({ number: model.answering }) : ""}
    </p>
  );
}

function Metrics({ metrics }: { readonly metrics: Readonly<Record<string, number>> }) {
  const entries = Object.entries(metrics).slice(0, METRICS);
  if (!entries.length) return null;
  return (
    <dl class="metrics">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name.replaceAll("_", " ")}</dt>
          <dd>{number(value, { maximumSignificantDigits: 3 })}</dd>
        </div>
      ))}
    </dl>
  );
}
