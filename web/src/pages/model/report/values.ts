/** Values of a report as texts. */
import { language, number } from "../../../i18n";
import type { Estimate, Output } from "./contents";

const DASH = "–";
/** Words of metric names: English where it differs from the name, and Chinese. */
const WORDS: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  roc: ["ROC", "ROC"],
  pr: ["PR", "PR"],
  auc: ["AUC", "AUC"],
  f1: ["F1", "F1"],
  ece: ["ECE", "ECE"],
  mse: ["MSE", "MSE"],
  mae: ["MAE", "MAE"],
  rmse: ["RMSE", "RMSE"],
  r2: ["R²", "R²"],
  ndcg: ["nDCG", "nDCG"],
  hit: ["hit", "命中"],
  rate: ["rate", "率"],
  mrr: ["MRR", "MRR"],
  brier: ["Brier score", "Brier 分数"],
  accuracy: ["accuracy", "准确率"],
  balanced: ["balanced", "平衡"],
  subset: ["subset", "子集"],
  precision: ["precision", "精确率"],
  recall: ["recall", "召回率"],
  macro: ["macro", "宏平均"],
  micro: ["micro", "微平均"],
  weighted: ["weighted", "加权平均"],
  log: ["log", "对数"],
  hamming: ["hamming", "汉明"],
  loss: ["loss", "损失"],
  rows: ["rows", "行数"],
};

/** The metrics that summarize an output, by its task. */
export const MAIN: Readonly<Record<Output["task"], readonly string[]>> = {
  classes: ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss"],
  labels: ["f1_macro", "f1_micro", "subset_accuracy", "roc_auc", "hamming_loss"],
  number: ["rmse", "mae", "r2"],
  ranking: ["ndcg", "recall", "hit_rate", "mrr"],
};

/** Of these, a smaller value is the better one. */
const LOSSES = /loss|mse|mae|brier|ece/;

export function smallerIsBetter(metric: string): boolean {
  return LOSSES.test(metric);
}

/** Return the name of a metric for readers, such as "ROC AUC". */
export function metricName(name: string): string {
  const chinese = language() === "zh";
  const words = name.split("_").map((word) => WORDS[word]?.[chinese ? 1 : 0] ?? word);
  return chinese ? words.join("").replace(/([A-Z])(ROC|PR|AUC)/g, "$1 $2") : words.join(" ");
}

/** Format a metric: four decimals, or four digits where it is large or very small. */
export function estimated(value: number | null | undefined): string {
  if (typeof value !== "number") return DASH;
  const size = Math.abs(value);
  return value === 0 || (size >= 0.001 && size < 10) ? number(value, { minimumFractionDigits: 4, maximumFractionDigits: 4 }) : number(value);
}

export function plainNumber(value: number | null | undefined): string {
  return typeof value === "number" ? number(value) : DASH;
}

export function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? DASH : `${number(seconds * 1000, { maximumSignificantDigits: 3 })} ms`;
}

export function isEstimate(value: unknown): value is Estimate {
  return typeof value === "object" && value !== null && typeof (value as Estimate).value === "number";
}

/** Return a target, a prediction or a cell as text; a prediction may be a class with its probability. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return DASH;
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return value.map(plain).join(", ") || DASH;
  if (typeof value !== "object") return String(value);
  const found = value as { class?: unknown; probability?: unknown };
  if (typeof found.probability !== "number") return JSON.stringify(value);
  return `${String(found.class)} (${number(found.probability, { style: "percent", maximumFractionDigits: 1 })})`;
}
