/** An input without fields of its own, as JSON. */
import type { InputField } from "../api/types";
import { texts } from "../i18n";
import { type EditProps, type InputKind, type Raw, elementId } from "./kind";
import { parsed, shapeProblem } from "./shape";

const say = texts({ row: ["{name}: one row as JSON, shape {shape}", "{name}：一行 JSON，形状 {shape}"] });

function start(): Raw {
  return { json: "" };
}

function fill(field: InputField, example: unknown): Raw {
  const row: unknown = Array.isArray(example) && depth(example) >= field.shape.length ? example[0] : example;
  return { json: JSON.stringify(row) };
}

function depth(value: unknown): number {
  return Array.isArray(value) ? 1 + depth(value[0]) : 0;
}

function read(field: InputField, raw: Raw) {
  const text = raw.json ?? "";
  if (field.optional && text.trim() === "") return { value: undefined, problems: {} };
  const { value, problem } = parsed(text);
  const wrong = problem ?? (field.kind === "example" ? null : shapeProblem(value, field.shape.slice(1)));
  return { value, problems: wrong ? { json: wrong } : ({} as Record<string, string>) };
}

function Edit({ field, raw, problems, onChange }: EditProps) {
  const id = elementId(field.name, "json");
  const shape = field.shape.slice(1).map((size) => size ?? "any").join(" × ") || "1";
  return (
    <div class="field">
      <label for={id}>{say.row({ name: field.name, shape })}</label>
      <textarea
        id={id}
        class="code"
        rows={8}
        spellcheck={false}
        value={raw.json}
        aria-describedby={`${id}-problem`}
        aria-invalid={Boolean(problems.json)}
        onInput={(event) => onChange({ json: event.currentTarget.value })}
      />
      <p class="problem" id={`${id}-problem`}>
        {problems.json}
      </p>
    </div>
  );
}

export const JSON_INPUT: InputKind = { start, fill, read, Edit };
