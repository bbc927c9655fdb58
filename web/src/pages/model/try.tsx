/** Try a model: its form, the answer, why, and the same request as code. */
import { useRef, useState } from "preact/hooks";
import { modelPath } from "../../api/client";
import type { Form, Prediction, Settings } from "../../api/types";
import { type Draft, type Reading, read } from "../../inputs/draft";
import { InputForm } from "../../inputs/form";
import { texts } from "../../i18n";
import type { TabProps } from "./model";
import { Answered } from "./try/answered";
import { type Asked, useAsked } from "./try/asking";
import { Code } from "./try/code";
import { useDraft } from "./try/kept";
import { CopyLink } from "./try/link";
import { Peek } from "./try/peek";
import "./try/try.css";
import { VersionChoice } from "./try/version";
import { Why } from "./try/why";

const say = texts({
  input: ["Input", "输入"],
  answer: ["Answer", "结果"],
  predict: ["Predict", "预测"],
  live: ["Predict on every change", "输入变化时自动预测"],
  fix: ["Complete the input to get an answer.", "请完成输入以获得结果。"],
  code: ["The same request in code", "用代码发送同样的请求"],
});

export function TryTab({ model, form, query, settings }: TabProps) {
  const version = Number(query.get("version")) || null;
  const [draft, setDraft] = useDraft(form, query.get("input") ?? "");
  const reading = read(form, draft, settings.max_body);
  const [live, setLive] = useState(true);
  const asked = useAsked<Prediction>(modelPath(model.name, version, "/predict"), reading.body, live);
  const path = modelPath(model.name, version, "/explain");
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <div class="try">
      <section aria-labelledby="try-input">
        <h2 id="try-input">{say.input()}</h2>
        <VersionChoice model={model} version={version} />
        <InputForm form={form} draft={draft} reading={reading} limit={settings.max_body} onChange={setDraft} />
        <div class="row send">
          <button type="button" class="primary" disabled={reading.body === null} onClick={asked.ask}>
            {say.predict()}
          </button>
          <CopyLink form={form} draft={draft} version={version} />
          <label class="check">
            <input type="checkbox" checked={live} onChange={(event) => setLive(event.currentTarget.checked)} /> {say.live()}
          </label>
        </div>
      </section>
      <Peek form={form} asked={asked} body={reading.body} answer={heading} />
      <section aria-labelledby="try-answer" class="panel">
        <h2 id="try-answer" ref={heading} tabIndex={-1}>
          {say.answer()}
        </h2>
        <Result form={form} asked={asked} reading={reading} />
        <Why form={form} draft={draft} path={path} body={asked.answer && reading.body} live={live} />
      </section>
      <Request form={form} draft={draft} reading={reading} version={version} settings={settings} />
    </div>
  );
}

function Result({ form, asked, reading }: { readonly form: Form; readonly asked: Asked<Prediction>; readonly reading: Reading }) {
  if (reading.body === null) return <p class="empty">{say.fix()}</p>;
  return <Answered form={form} asked={asked} body={reading.body} />;
}

interface RequestProps {
  readonly form: Form;
  readonly draft: Draft;
  readonly reading: Reading;
  readonly version: number | null;
  readonly settings: Settings;
}

function Request({ form, draft, reading, version, settings }: RequestProps) {
  if (reading.body === null) return null;
  return (
    <details class="request">
      <summary>{say.code()}</summary>
      <Code form={form} draft={draft} body={reading.body} version={version} signsIn={settings.sign_in.method !== "none"} />
    </details>
  );
}
