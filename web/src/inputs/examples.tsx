/** The recorded rows of a model as buttons. */
import type { Form } from "../api/types";
import { texts } from "../i18n";
import { partOf } from "./draft";
import { dataAddress } from "./image/encoding";
import { kindOf } from "./kinds";

const say = texts({
  title: ["Start from an example", "从示例开始"],
  example: ["Example {number}", "示例 {number}"],
});

interface Props {
  readonly form: Form;
  readonly onChoose: (example: unknown) => void;
}

export function Examples({ form, onChoose }: Props) {
  if (form.examples.length === 0) return null;
  return (
    <div class="examples" role="group" aria-label={say.title()}>
      <p class="hint">{say.title()}</p>
      {form.examples.map((example, index) => (
        <button key={index} type="button" onClick={() => onChoose(example)}>
          <Thumbnail form={form} example={example} label={say.example({ number: index + 1 })} />
        </button>
      ))}
    </div>
  );
}

function Thumbnail({ form, example, label }: { readonly form: Form; readonly example: unknown; readonly label: string }) {
  const field = form.inputs.find(({ kind }) => kind === "image");
  const b64 = field && kindOf(field).fill(field, partOf(form, field, example)).b64;
  return b64 ? <img src={dataAddress(b64)} alt={label} width="40" height="40" /> : <>{label}</>;
}
