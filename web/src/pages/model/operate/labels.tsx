/** Set, move and remove labels. */
import { useState } from "preact/hooks";
import type { ModelDetails } from "../../../api/types";
import { texts } from "../../../i18n";
import type { Changes } from "./changes";

const say = texts({
  title: ["Labels", "标签"],
  about: ["The version labelled “production” answers where no traffic split is set.", "未设置流量分配时，由带有“production”标签的版本应答。"],
  label: ["Label", "标签"],
  version: ["Version of the label", "标签所指版本"],
  set: ["Set label", "设置标签"],
  remove: ["Remove label {label}", "移除标签 {label}"],
  number: ["version {number}", "版本 {number}"],
  wrong: ["Up to 64 characters: A to Z, digits, “-”, “_” and “.”, a letter first.", "最多 64 个字母、数字、“-”、“_”和“.”，以字母开头。"],
});

const LABEL = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;

export function Labels({ model, usable, changes }: { readonly model: ModelDetails; readonly usable: readonly number[]; readonly changes: Changes }) {
  const [label, setLabel] = useState("production");
  const [version, setVersion] = useState(usable.at(-1) ?? 1);
  const valid = LABEL.test(label);
  const submit = (event: Event) => {
    event.preventDefault();
    void changes.change("label", { label, version });
  };
  return (
    <form class="part" onSubmit={submit} aria-labelledby="operate-labels">
      <h2 id="operate-labels">{say.title()}</h2>
      <p class="hint">{say.about()}</p>
      <ul class="labels">
        {Object.entries(model.labels).map(([each, number]) => (
          <li key={each}>
            <strong>{each}</strong> → {say.number({ number })}{" "}
            <button type="button" disabled={changes.pending} aria-label={say.remove({ label: each })} onClick={() => changes.change("label", { label: each, version: null })}>
              ✕
            </button>
          </li>
        ))}
      </ul>
      <div class="choices">
        <label>
          {say.label()}{" "}
          <input value={label} list="known-labels" aria-invalid={!valid} aria-describedby="label-wrong" onInput={(event) => setLabel(event.currentTarget.value.trim())} />
        </label>
        <datalist id="known-labels">
          {[...new Set(["production", "canary", ...Object.keys(model.labels)])].map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <label>
          {say.version()}{" "}
          <select value={String(version)} onChange={(event) => setVersion(Number(event.currentTarget.value))}>
            {usable.map((number) => (
              <option key={number} value={String(number)}>
                {say.number({ number })}
              </option>
            ))}
          </select>
        </label>
        <button class="primary" disabled={!valid || changes.pending}>
          {say.set()}
        </button>
      </div>
      <p id="label-wrong" class="problem" role="status">
        {valid ? "" : say.wrong()}
      </p>
    </form>
  );
}
