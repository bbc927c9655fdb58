/** Why the model answered so: asked only while the panel is open, and again when the input changes. */
import { useState } from "preact/hooks";
import type { Explanation, Form } from "../../../api/types";
import { AttributionsView } from "../../../answers/attributions/attributions";
import { sentences } from "../../../answers/attributions/sentences";
import { Failure } from "../../../components/states";
import type { Draft } from "../../../inputs/draft";
import { texts } from "../../../i18n";
import { useAsked } from "./asking";

const say = texts({
  title: ["Why this answer?", "为什么是这个结果？"],
  never: ["The answers of this model cannot be explained.", "该模型的结果无法解释。"],
  target: ["Explain", "解释"],
  likeliest: ["the likeliest class", "最可能的类别"],
  largest: ["the largest number", "最大的数"],
  index: ["number {index} of the output", "输出中的第 {index} 个数"],
  first: ["the first item", "第一个项目"],
  rank: ["the item at rank {rank}", "排名第 {rank} 的项目"],
  pending: ["Computing the explanation…", "正在计算解释…"],
  again: ["Explain again", "重新解释"],
  whatIf: ["Move a value of the form to see how the answer and the contributions follow.", "更改表单中的数值，查看结果和各项贡献的变化。"],
  how: ["How this was computed", "计算方法"],
});

interface Props {
  readonly form: Form;
  readonly draft: Draft;
  readonly path: string;
  /** The request whose answer is shown; null without one, which leaves nothing to explain. */
  readonly body: string | null;
  readonly live: boolean;
}

export function Why(props: Props) {
  const [open, setOpen] = useState(false);
  const [target, setTarget] = useState("");
  const { targets } = props.form;
  if (targets === null) return <p class="hint">{say.never()}</p>;
  if (props.body === null) return null;
  return (
    <div class="why">
      <h3>
        <button type="button" aria-expanded={open} aria-controls="why" onClick={() => setOpen(!open)}>
          {say.title()}
        </button>
      </h3>
      <div id="why" hidden={!open}>
        {open && <Panel {...props} body={props.body} targets={targets} target={target} onTarget={setTarget} />}
      </div>
    </div>
  );
}

interface PanelProps extends Props {
  readonly body: string;
  readonly targets: readonly (string | number)[];
  readonly target: string;
  readonly onTarget: (target: string) => void;
}

function Panel({ form, draft, path, body, live, targets, target, onTarget }: PanelProps) {
  const asked = useAsked<{ explanations: readonly Explanation[] }>(path, withTarget(body, target), live);
  const explanation = asked.answer?.value.explanations[0];
  return (
    <>
      {targets.length > 0 && <TargetChoice targets={targets} ranked={form.outputs.some(({ scores }) => scores)} chosen={target} onChoose={onTarget} />}
      {asked.error && <Failure error={asked.error} again={asked.ask} />}
      {asked.pending && !explanation && (
        <p class="loading" role="status">
          {say.pending()}
        </p>
      )}
      {explanation && <Explained explanation={explanation} draft={draft} form={form} />}
      {!live && (
        <button type="button" onClick={asked.ask}>
          {say.again()}
        </button>
      )}
    </>
  );
}

function Explained({ explanation, draft, form }: { readonly explanation: Explanation; readonly draft: Draft; readonly form: Form }) {
  const raws = draft.asJson ? {} : draft.raws;
  const values = Object.assign({}, ...Object.values(raws)) as Record<string, string>;
  const images = Object.fromEntries(Object.entries(raws).map(([name, raw]) => [name, raw.b64 ?? ""]));
  const items = form.inputs.filter(({ kind }) => kind === "items").map(({ name }) => name);
  const moves = !draft.asJson && form.inputs.some(({ kind }) => kind === "tabular" || kind === "tensor");
  const [result, ...method] = sentences(explanation);
  return (
    <>
      <p>{result}</p>
      <AttributionsView explanation={explanation} values={values} images={images} items={items} />
      {moves && <p class="hint">{say.whatIf()}</p>}
      <details>
        <summary>{say.how()}</summary>
        {method.map((sentence) => (
          <p key={sentence} class="hint">
            {sentence}
          </p>
        ))}
      </details>
    </>
  );
}

interface TargetProps {
  readonly targets: readonly (string | number)[];
  /** Whether they are positions in a ranking. */
  readonly ranked: boolean;
  readonly chosen: string;
  readonly onChoose: (target: string) => void;
}

function TargetChoice({ targets, ranked, chosen, onChoose }: TargetProps) {
  const shown = (target: string | number) => {
    if (typeof target === "string") return target;
    return ranked ? say.rank({ rank: target + 1 }) : say.index({ index: target });
  };
  return (
    <label class="version">
      {say.target()}{" "}
      <select value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">{byDefault(targets[0], ranked)}</option>
        {targets.map((target) => (
          <option key={target} value={JSON.stringify(target)}>
            {shown(target)}
          </option>
        ))}
      </select>
    </label>
  );
}

function byDefault(first: string | number | undefined, ranked: boolean): string {
  if (ranked) return say.first();
  return typeof first === "string" ? say.likeliest() : say.largest();
}

/** Add a target, which is JSON, to a body. */
function withTarget(body: string, target: string): string {
  if (!target) return body;
  return JSON.stringify({ ...(JSON.parse(body) as object), target: JSON.parse(target) as unknown });
}
