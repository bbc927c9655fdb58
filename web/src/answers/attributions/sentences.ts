/** What an explanation says about itself, in words. */
import type { Explanation } from "../../api/types";
import { number, texts } from "../../i18n";
import { percent, signed } from "../numbers";

const methods = texts({
  integrated_gradients: ["Integrated gradients: the gradient between a typical row and this one.", "积分梯度：从典型样本到该样本之间的梯度。"],
  exact_shapley: ["Exact Shapley values, from all sets of columns.", "精确 Shapley 值：由所有列组合计算。"],
  kernel_shap: ["Shapley values, estimated from a sample of the sets of columns.", "Shapley 值：由部分列组合估计。"],
  occlusion: ["Occlusion: how much the answer falls when a part is hidden.", "遮挡法：隐藏某一部分后结果下降多少。"],
  tree_shap: ["Shapley values of the model's decision trees, exact.", "决策树的精确 Shapley 值。"],
  coefficients: ["The coefficients of a linear model times the distance from the mean.", "线性模型系数乘以与均值的差。"],
});
const scales = texts({
  log_odds: ["The numbers are log odds: 0 is a probability of one half.", "数值为对数几率：0 表示概率为二分之一。"],
  logarithm: ["The numbers are logarithms of the output.", "数值为输出的对数。"],
  raw_score: ["The numbers are scores before they become probabilities.", "数值为转换为概率之前的得分。"],
});
const say = texts({
  sum: ["For “{target}”: {prediction}. A typical row has {base}; the contributions make the difference of {difference}.", "“{target}”的结果为 {prediction}，典型样本为 {base}，各项贡献合计差值 {difference}。"],
  sumOfOne: ["The answer is {prediction}. A typical row has {base}; the contributions make the difference of {difference}.", "结果为 {prediction}，典型样本为 {base}，各项贡献合计差值 {difference}。"],
  hidden: ["For “{target}”: {prediction}. With nothing known it is {base}. Contributions of parts do not add up.", "“{target}”的结果为 {prediction}，未知任何信息时为 {base}。各部分的贡献不可相加。"],
  hiddenOfOne: ["The answer is {prediction}. With nothing known it is {base}. Contributions of parts do not add up.", "结果为 {prediction}，未知任何信息时为 {base}。各部分的贡献不可相加。"],
  exact: ["The contributions add up exactly.", "各项贡献精确相加。"],
  gap: ["The contributions miss the difference by {error}.", "各项贡献与差值相差 {error}。"],
  gapLarge: ["The contributions miss the difference by {error}: read them with care.", "各项贡献与差值相差 {error}，请谨慎解读。"],
  standard: ["Each value has a standard error of at most {error}.", "每个值的标准误差不超过 {error}。"],
  replace: ["Parts can replace each other (difference {error}): a small value does not mean that a part has no effect.", "各部分可以相互替代（差异 {error}）：数值小并不表示该部分没有作用。"],
  apart: ["Neighbouring parts act almost independently (difference {error}).", "相邻部分几乎独立起作用（差异 {error}）。"],
  evaluations: ["{count} evaluations of the model.", "模型计算了 {count} 次。"],
});

/** A relative completeness gap above it is worth a warning. */
const LARGE_GAP = 0.01;

export function sentences(explanation: Explanation): readonly string[] {
  const method = methods[explanation.method as keyof typeof methods]?.() ?? explanation.method;
  const scale = scales[explanation.scale as keyof typeof scales]?.() ?? "";
  const cost = explanation.evaluations ? say.evaluations({ count: number(explanation.evaluations) }) : "";
  return [result(explanation), `${method} ${cost}`, errorSentence(explanation), scale].filter(Boolean);
}

function result({ method, target, prediction, base }: Explanation): string {
  const values = { target: target ?? "", prediction: number(prediction), base: number(base), difference: signed(prediction - base) };
  if (method === "occlusion") return target === null ? say.hiddenOfOne(values) : say.hidden(values);
  return target === null ? say.sumOfOne(values) : say.sum(values);
}

function errorSentence({ method, error, attributions }: Explanation): string {
  if (method === "integrated_gradients") return error > LARGE_GAP ? say.gapLarge({ error: percent(error) }) : say.gap({ error: percent(error) });
  if (method === "kernel_shap") return say.standard({ error: number(error, { maximumSignificantDigits: 2 }) });
  if (method !== "occlusion") return error === 0 ? say.exact() : say.gap({ error: number(error) });
  const words = { error: number(error, { maximumSignificantDigits: 2 }) };
  return error > strongest(attributions) ? say.replace(words) : say.apart(words);
}

function strongest(attributions: Explanation["attributions"]): number {
  const values = Object.values(attributions).flatMap((value) => (Array.isArray(value) ? value.flat() : [value]) as (number | { value: number })[]);
  return values.reduce<number>((found, each) => Math.max(found, Math.abs(typeof each === "number" ? each : each.value)), 0);
}
