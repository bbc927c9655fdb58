/** A text. */
import type { InputField } from "../api/types";
import { number, texts } from "../i18n";
import { type EditProps, type InputKind, type Raw, elementId } from "./kind";

const say = texts({
  length: ["words: {count}", "{count} 个词"],
  limit: ["words: {count}; the model reads about the first {limit}", "{count} 个词；模型大约只读取前 {limit} 个"],
  cut: ["The text is longer than the model reads: words after about the first {limit} have no effect.", "文本超出模型可读取的长度：大约前 {limit} 个词之后的内容不起作用。"],
});

function start(): Raw {
  return { text: "" };
}

function fill(_field: InputField, example: unknown): Raw {
  const text: unknown = Array.isArray(example) ? example.flat()[0] : example;
  return { text: typeof text === "string" ? text : "" };
}

/** Return the text, which may be empty: models take that, too. */
function read(field: InputField, raw: Raw) {
  const text = raw.text ?? "";
  return { value: text === "" && field.optional ? undefined : text, problems: {} };
}

/** Count words as the page can: tokens of the model are usually more. */
function words(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

function Edit({ field, raw, onChange }: EditProps) {
  const id = elementId(field.name, "text");
  const count = words(raw.text ?? "");
  const long = field.tokens !== undefined && count > field.tokens;
  return (
    <div class="field">
      <label for={id}>{field.name}</label>
      <textarea
        id={id}
        rows={5}
        value={raw.text}
        aria-describedby={`${id}-hint`}
        onInput={(event) => onChange({ text: event.currentTarget.value })}
      />
      <p class={long ? "hint warning" : "hint"} id={`${id}-hint`}>
        {long ? say.cut({ limit: number(field.tokens ?? 0) }) : counted(count, field.tokens)}
      </p>
    </div>
  );
}

function counted(count: number, limit: number | undefined): string {
  return limit === undefined ? say.length({ count: number(count) }) : say.limit({ count: number(count), limit: number(limit) });
}

export const TEXT: InputKind = { start, fill, read, Edit };
