/** Search and order of models. */
import type { ModelSummary } from "../../api/types";

export const ORDERS = ["name", "size", "state"] as const;
export type Order = (typeof ORDERS)[number];

const COMPARE: Readonly<Record<Order, (a: ModelSummary, b: ModelSummary) => number>> = {
  name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
  size: (a, b) => (b.bytes ?? 0) - (a.bytes ?? 0) || COMPARE.name(a, b),
  state: (a, b) => Number(b.state === "failed") - Number(a.state === "failed") || COMPARE.name(a, b),
};

/** Return the models that have all words in their name, purpose, labels, engine or kinds, in an order. */
export function found(models: readonly ModelSummary[], words: string, order: Order): readonly ModelSummary[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => wanted.every((word) => textOf(model).includes(word))).sort(COMPARE[order]);
}

function textOf({ name, purpose, labels, engine, kinds }: ModelSummary): string {
  return [name, purpose, engine, ...Object.keys(labels ?? {}), ...(kinds ?? [])].join("\n").toLowerCase();
}
