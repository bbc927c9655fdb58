/** The first row of each output of an answer. */
import type { Box, Form, OutputField, Prediction } from "../api/types";

type Classes = Readonly<Record<string, number>>;

/** Return the outputs that were answered: those of the form, or, for a request of another signature, those of the answer. */
export function outputsOf(form: Form, { predictions }: Prediction): readonly OutputField[] {
  if (Array.isArray(predictions) || typeof predictions !== "object" || predictions === null) return form.outputs.slice(0, 1);
  const known = new Map(form.outputs.map((output) => [output.name, output]));
  return Object.keys(predictions).map((name) => known.get(name) ?? { name, dtype: "", shape: [] });
}

/** Return the probabilities of the first row by class name, or null where the output has no class names. */
export function classesOf(output: OutputField, { classes }: Prediction): Classes | null {
  return firstOf(output, classes);
}

/** Return the boxes in the first image, or null where the output is none of boxes. */
export function boxesOf(output: OutputField, { boxes }: Prediction): readonly Box[] | null {
  return output.boxes ? firstOf(output, boxes) : null;
}

function firstOf<T>(output: OutputField, rows: readonly T[] | Readonly<Record<string, readonly T[]>> | undefined): T | null {
  if (!rows) return null;
  return (isList(rows) ? rows : rows[output.name])?.[0] ?? null;
}

function isList<T>(value: readonly T[] | Readonly<Record<string, readonly T[]>>): value is readonly T[] {
  return Array.isArray(value);
}

/** Return the outputs that are shown by themselves: not the scores and reasons of a ranking. */
export function shownOutputs(outputs: readonly OutputField[]): readonly OutputField[] {
  const parts = outputs.flatMap(({ scores, reasons }) => [scores, reasons]);
  return outputs.filter(({ name }) => !parts.includes(name));
}

export function valuesOf(output: Pick<OutputField, "name">, { predictions }: Prediction): unknown {
  return Array.isArray(predictions) ? predictions : (predictions as Record<string, unknown> | null)?.[output.name];
}

export function firstRow(values: unknown): unknown {
  return Array.isArray(values) ? (values[0] as unknown) : values;
}
