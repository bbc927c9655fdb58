/** The answer of a model for one row: each output as bars, boxes, numbers, texts or a summary. */
import type { Form, OutputField, Prediction } from "../api/types";
import { imageIn } from "../inputs/draft";
import "./answers.css";
import { BoxesView } from "./boxes";
import { ClassBars } from "./classes";
import { boxesOf, classesOf, firstRow, outputsOf, shownOutputs, valuesOf } from "./outputs";
import { Ranking } from "./ranking";
import { Values } from "./values";

interface Props {
  readonly form: Form;
  readonly prediction: Prediction;
  /** The request of the answer, with the image in which boxes are drawn. */
  readonly body?: string | null;
}

export function AnswerView({ form, prediction, body = null }: Props) {
  const outputs = shownOutputs(outputsOf(form, prediction));
  return (
    <>
      {outputs.map((output) => (
        <section key={output.name} class="output">
          {outputs.length > 1 && <h3>{output.name}</h3>}
          <Output output={output} prediction={prediction} named={outputs.length === 1} image={(input) => imageIn(form, input, body)} />
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
  /** Return the image of an input as base64. */
  readonly image: (input: string) => string;
}

function Output({ output, prediction, named, image }: OutputProps) {
  const boxes = boxesOf(output, prediction);
  if (boxes) return <BoxesView name={output.name} boxes={boxes} b64={image(output.boxes?.input ?? "")} />;
  const classes = classesOf(output, prediction);
  if (classes) return <ClassBars classes={classes} />;
  return output.names ? <Ranking output={output} prediction={prediction} /> : <Values name={named ? output.name : ""} value={firstRow(valuesOf(output, prediction))} />;
}
