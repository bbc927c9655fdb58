/** Outputs of a model as the API's answer: nested lists, probabilities by class name, and boxes. */
import type { Box, Prediction } from "../api/types";
import type { Signature, Spec } from "./manifest";
import type { Doubles, Numbers } from "./tensor";

type Classes = Readonly<Record<string, number>>;

/** Return the answer that `POST /models/{name}/predict` gives for the same outputs. */
export function predictionOf(model: string, version: number, { outputs }: Signature, tensors: Readonly<Record<string, Numbers>>): Prediction {
  const present = outputs.filter(({ name }) => tensors[name]);
  const values = present.map((spec) => [spec.name, nested(tensors[spec.name] as Numbers, spec.items)] as const);
  const named = present.filter(({ classes }) => classes?.length).map((spec) => [spec.name, [byClass(tensors[spec.name] as Numbers, spec)]] as const);
  const predictions: unknown = values.length === 1 ? values[0]?.[1] : Object.fromEntries(values);
  const boxes = present.filter((spec) => spec.boxes).map((spec) => [spec.name, [byBox(tensors[spec.name] as Numbers, spec)]] as const);
  return { model, version, predictions, ...(named.length && { classes: only(named) }), ...(boxes.length && { boxes: only(boxes) }) };
}

/** Return the value of the only output, or the values by output. */
function only<T>(entries: readonly (readonly [string, T])[]): T | Readonly<Record<string, T>> {
  const [first] = entries;
  return first && entries.length === 1 ? first[1] : Object.fromEntries(entries);
}

/** Return the boxes with a positive score, as `lightship.boxes` does. */
function byBox(tensor: Numbers, { boxes }: Spec): readonly Box[] {
  const [rows] = nested(tensor) as (number | null)[][][];
  return (rows ?? [])
    .filter(([, , , , score]) => Number(score) > 0)
    .map(([top = null, left = null, bottom = null, right = null, score, ...rest]) => {
      const points = (boxes?.points ?? []).map((name, index) => [name, [rest[2 * index] ?? null, rest[2 * index + 1] ?? null]] as const);
      return { box: [top, left, bottom, right], score: Number(score), ...(points.length && { points: Object.fromEntries(points) }) };
    });
}

/** Return nested lists, of names where the numbers are indices of `items`; JSON has no NaN and infinities, which are null. */
function nested({ data, shape }: Numbers, items?: readonly string[]): unknown {
  const build = (axis: number, start: number, size: number): unknown => {
    const length = shape[axis];
    const value = Number(data[start]);
    if (length === undefined) return items ? (items[value] ?? null) : shown(value);
    return Array.from({ length }, (_, index) => build(axis + 1, start + (index * size) / length, size / length));
  };
  return build(0, 0, data.length);
}

function shown(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Return probabilities by class name, the likeliest first. */
function byClass({ data }: Numbers, spec: Spec): Classes {
  const shares = probabilities(data as Doubles, spec);
  const pairs = (spec.classes ?? []).map((name, index) => [name, shares[index] ?? 0] as const);
  return Object.fromEntries(pairs.sort(([, a], [, b]) => b - a));
}

/** Return the probability of each class, as `lightship.probabilities` computes it. */
function probabilities(data: Doubles, { from_logits: logits = false, multi_label: multiple = false }: Spec): Float32Array {
  const sigmoid = (value: number) => (logits ? 1 / (1 + Math.exp(-value)) : value);
  if (multiple) return Float32Array.from(data, sigmoid);
  if (data.length === 1) {
    const second = sigmoid(data[0] ?? 0);
    return Float32Array.of(1 - second, second);
  }
  return logits ? softmax(data) : Float32Array.from(data);
}

function softmax(data: Doubles): Float32Array {
  const largest = Math.max(...data);
  const powers = Array.from(data, (value) => Math.exp(value - largest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return Float32Array.from(powers, (value) => value / total);
}
