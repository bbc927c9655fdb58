/** One column: a label, the element for its type, its range, and why it cannot be sent. */
import type { Column } from "../../api/types";
import { number, texts } from "../../i18n";

const say = texts({
  range: ["{low} to {high}", "{low} 至 {high}"],
  report: ["report's data: {low} to {high}", "报告数据：{low} 至 {high}"],
  recorded: ["recorded rows: {low} to {high}", "记录的行：{low} 至 {high}"],
  optional: ["optional", "可选"],
  slider: ["{name}, slider", "{name}，滑块"],
  choose: ["Choose…", "请选择…"],
  none: ["(no value)", "（无值）"],
  yes: ["yes", "是"],
  no: ["no", "否"],
});

/** A slider has this many positions. */
const STEPS = 200;

interface Props {
  readonly id: string;
  readonly column: Column;
  readonly text: string;
  readonly problem?: string | undefined;
  readonly onChange: (text: string) => void;
}

export function ColumnField(props: Props) {
  const { id, column, problem } = props;
  return (
    <div class="field">
      <label for={id}>{column.name}</label>
      <Value {...props} />
      <Hint id={`${id}-hint`} column={column} />
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

function Value(props: Props) {
  const { column } = props;
  if (column.type === "boolean") return <List {...props} options={[["true", say.yes()], ["false", say.no()]]} />;
  if (column.values) return <List {...props} options={column.values.map((value) => [JSON.stringify(value), String(value)])} />;
  return (
    <>
      <Typed {...props} />
      <Slider {...props} />
    </>
  );
}

function Hint({ id, column }: { readonly id: string; readonly column: Column }) {
  const range = hasRange(column) ? say[column.source ?? "range"]({ low: number(column.low), high: number(column.high) }) : "";
  const words = [range, column.optional ? say.optional() : ""];
  const text = words.filter(Boolean).join(", ");
  return text ? (
    <p class="hint" id={id}>
      {text}
    </p>
  ) : null;
}

const MODES: Partial<Record<Column["type"], "decimal" | "numeric">> = { number: "decimal", integer: "numeric" };

function Typed({ id, column, text, problem, onChange }: Props) {
  const mode = MODES[column.type];
  const given = {
    id,
    value: text,
    ...described(id, problem),
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onChange(event.currentTarget.value),
  };
  const timed = text.includes("T"); // a recorded row may have a time, which a field of dates cannot show
  if (column.type === "date" && !timed) return <input type="date" {...given} />;
  return <input type="text" autocomplete="off" {...(mode && { inputMode: mode })} {...given} />;
}

function List({ id, text, column, problem, options, onChange }: Props & { readonly options: readonly (readonly [value: string, label: string])[] }) {
  return (
    <select id={id} value={text} {...described(id, problem)} onChange={(event) => onChange(event.currentTarget.value)}>
      {(column.optional || !text) && <option value="">{column.optional ? say.none() : say.choose()}</option>}
      {options.map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

function Slider({ column, text, onChange }: Props) {
  if (!hasRange(column)) return null;
  const { low, high } = column;
  const step = column.type === "integer" ? 1 : stepOf(low, high);
  const value = Number(text) || 0;
  return (
    <input
      type="range"
      aria-label={say.slider({ name: column.name })}
      min={low}
      max={high}
      step={step}
      value={text.trim() === "" ? (low + high) / 2 : Math.min(high, Math.max(low, value))}
      onInput={(event) => onChange(rounded(event.currentTarget.valueAsNumber, step))}
    />
  );
}

/** Return a power of ten, or "any" number would have 17 digits in the field. */
function stepOf(low: number, high: number): number {
  return 10 ** Math.floor(Math.log10((high - low) / STEPS));
}

function rounded(value: number, step: number): string {
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step))));
  return String(Number(value.toFixed(digits)));
}

function hasRange(column: Column): column is Column & { readonly low: number; readonly high: number } {
  const numeric = column.type === "number" || column.type === "integer";
  return numeric && column.low !== undefined && column.high !== undefined && column.low < column.high;
}

function described(id: string, problem: string | undefined) {
  return { "aria-describedby": `${id}-hint${problem ? ` ${id}-problem` : ""}`, ...(problem && { "aria-invalid": true }) };
}
