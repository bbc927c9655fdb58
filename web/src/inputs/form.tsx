/** The form of a model: its inputs, or the request as JSON, and the recorded rows. */
import type { Form, InputField } from "../api/types";
import { texts } from "../i18n";
import { type Draft, type Reading, asJson, filled, hasFields, partOf } from "./draft";
import { columnsOf } from "./columns/columns";
import { Examples } from "./examples";
import "./inputs.css";
import type { InputKind } from "./kind";
import { kindOf } from "./kinds";
import { ITEMS } from "./items/items";
import { TEXT } from "./text";

const say = texts({
  form: ["Form", "表单"],
  json: ["JSON", "JSON"],
  how: ["Input as", "输入方式"],
  body: ["Request body as JSON", "JSON 请求体"],
});

/** Kinds with a single field, whose label is the name of the input. */
const LABELLED: readonly InputKind[] = [TEXT, ITEMS];

interface Props {
  readonly form: Form;
  readonly draft: Draft;
  readonly reading: Reading;
  /** The largest body in bytes. */
  readonly limit: number;
  /** Receives a change of the latest draft: an image may take seconds to be read. */
  readonly onChange: (change: (draft: Draft) => Draft) => void;
}

export function InputForm(props: Props) {
  const { form, draft, limit, onChange } = props;
  return (
    <div class="form">
      {hasFields(form) && (
        <div class="switch" role="group" aria-label={say.how()}>
          <button type="button" aria-pressed={!draft.asJson} onClick={() => onChange((latest) => ({ ...latest, asJson: false }))}>
            {say.form()}
          </button>
          <button type="button" aria-pressed={draft.asJson} onClick={() => draft.asJson || onChange((latest) => asJson(form, latest, limit))}>
            {say.json()}
          </button>
        </div>
      )}
      <Examples form={form} onChoose={(example) => onChange((latest) => filled(form, latest, example))} />
      {draft.asJson ? <Body {...props} /> : form.inputs.map((field) => <Input key={field.name} {...props} field={field} />)}
      {!draft.asJson && props.reading.problem && <p class="problem">{props.reading.problem}</p>}
    </div>
  );
}

function Input({ form, draft, reading, field, onChange }: Props & { readonly field: InputField }) {
  const { Edit, fill } = kindOf(field);
  const edit = (
    <Edit
      form={form}
      field={field}
      raw={draft.raws[field.name] ?? {}}
      problems={reading.problems[field.name] ?? {}}
      examples={form.examples.map((example) => fill(field, partOf(form, field, example)))}
      onChange={(raw) => onChange((latest) => ({ ...latest, raws: { ...latest.raws, [field.name]: raw } }))}
    />
  );
  // A single field has the name of its input as its label.
  if (form.inputs.length === 1 || LABELLED.includes(kindOf(field)) || columnsOf(field)?.length === 1) return edit;
  return (
    <fieldset>
      <legend>{field.name}</legend>
      {edit}
    </fieldset>
  );
}

function Body({ draft, reading, onChange }: Props) {
  return (
    <div class="field">
      <label for="body-json">{say.body()}</label>
      <textarea
        id="body-json"
        class="code"
        rows={12}
        spellcheck={false}
        value={draft.json}
        aria-describedby="body-problem"
        aria-invalid={Boolean(reading.problem)}
        onInput={({ currentTarget: { value } }) => onChange((latest) => ({ ...latest, json: value }))}
      />
      <p class="problem" id="body-problem">
        {reading.problem}
      </p>
    </div>
  );
}
