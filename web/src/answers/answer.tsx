/** The answer of a model for one row: each output as bars, numbers, texts or a summary. */
import type { Form, OutputField, Prediction } from "../api/types";
import "./answers.css";
import { ClassBars } from "./classes";
import { Values } from "./values";

type Classes = Readonly<Record<string, number>>;

export function AnswerView({ form, prediction }: { readonly form: Form; readonly prediction: Prediction }) {
  const outputs = outputsOf(form, prediction);
  return (
    <>
      {outputs.map((output) => (
        <section key={output.name} class="output">
          {outputs.length > 1 && <h3>{output.name}</h3>}
          <Output output={output} prediction={prediction} named={outputs.length === 1} />
        </section>
      ))}
    </>
  );
}

interface OutputProps {
  readonly output: OutputField;
  readonly prediction: Prediction;
  /** Whether a single value shows the name of the output, which has no heading. */
  readonly named: boolean;
}

function Output({ output, prediction, named }: OutputProps) {
  const classes = classesOf(output, prediction);
  return classes ? <ClassBars classes={classes} /> : <Values name={named ? output.name : ""} value={firstRow(valuesOf(output, prediction))} />;
}

/** Return the outputs that were answered: those of the form, or, for a request of another signature, those of the answer. */
function outputsOf(form: Form, { predictions }: Prediction): readonly OutputField[] {
  if (Array.isArray(predictions) || typeof predictions !== "object" || predictions === null) return form.outputs.slice(0, 1);
  const known = new Map(form.outputs.map((output) => [output.name, output]));
  return Object.keys(predictions).map((name) => known.get(name) ?? { name, dtype: "", shape: [] });
}

/** Return the probabilities of the first row by class name, or null where the output has no class names. */
function classesOf(output: OutputField, { classes }: Prediction): Classes | null {
  if (!classes) return null;
  if (isList(classes)) return classes[0] ?? null;
  return classes[output.name]?.[0] ?? null;
}

function isList<T>(value: readonly T[] | Readonly<Record<string, readonly T[]>>): value is readonly T[] {
  return Array.isArray(value);
}

function valuesOf(output: OutputField, { predictions }: Prediction): unknown {
  return Array.isArray(predictions) ? predictions : (predictions as Record<string, unknown> | null)?.[output.name];
}

function firstRow(values: unknown): unknown {
  return Array.isArray(values) ? (values[0] as unknown) : values;
}
