/** The answer of a model for one row: each output as bars, numbers, texts or a summary. */
import type { Form, OutputField, Prediction } from "../api/types";
import "./answers.css";
import { ClassBars } from "./classes";
import { classesOf, firstRow, outputsOf, shownOutputs, valuesOf } from "./outputs";
import { Ranking } from "./ranking";
import { Values } from "./values";

export function AnswerView({ form, prediction }: { readonly form: Form; readonly prediction: Prediction }) {
  const outputs = shownOutputs(outputsOf(form, prediction));
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
  if (classes) return <ClassBars classes={classes} />;
  return output.names ? <Ranking output={output} prediction={prediction} /> : <Values name={named ? output.name : ""} value={firstRow(valuesOf(output, prediction))} />;
}
