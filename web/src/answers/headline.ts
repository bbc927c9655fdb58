/** An answer in a few words. */
import type { Form, OutputField, Prediction } from "../api/types";
import { number, texts } from "../i18n";
import { percent, plain } from "./numbers";
import { boxesOf, classesOf, firstRow, outputsOf, shownOutputs, valuesOf } from "./outputs";
import { rankedOf } from "./ranking";

const say = texts({
  class: ["{name}, {share}", "{name}，{share}"],
  value: ["{name}: {value}", "{name}：{value}"],
});

/** Return the likeliest class, the number of boxes or the single value of each output; empty where all have more than that. */
export function headline(form: Form, prediction: Prediction): string {
  return shownOutputs(outputsOf(form, prediction))
    .map((output) => words(output, prediction))
    .filter(Boolean)
    .join(" · ");
}

function words(output: OutputField, prediction: Prediction): string {
  const best = likeliest(classesOf(output, prediction) ?? {});
  if (best) return say.class({ name: best[0], share: percent(best[1]) });
  const boxes = boxesOf(output, prediction);
  if (boxes) return say.value({ name: output.name, value: number(boxes.length) });
  if (output.names) return rankedOf(output, prediction)[0]?.name ?? "";
  const value = firstRow(valuesOf(output, prediction));
  const flat = Array.isArray(value) ? (value.flat(Number.POSITIVE_INFINITY) as unknown[]) : [value];
  return flat.length === 1 ? say.value({ name: output.name, value: plain(flat[0]) }) : "";
}

function likeliest(classes: Readonly<Record<string, number>>): readonly [name: string, share: number] | undefined {
  return Object.entries(classes).sort(([, a], [, b]) => b - a)[0];
}
