/** The choice of a version: the one that answers, or a fixed one. */
import type { ModelDetails } from "../../../api/types";
import { texts } from "../../../i18n";
import { go, to } from "../../../router";

const say = texts({
  version: ["Version", "版本"],
  answering: ["current (the server chooses)", "当前版本（由服务器选择）"],
  one: ["version {number}", "版本 {number}"],
  withdrawn: ["version {number}, withdrawn", "版本 {number}（已撤回）"],
  labelled: ["version {number}, {labels}", "版本 {number}（{labels}）"],
});

export function VersionChoice({ model, version }: { readonly model: ModelDetails; readonly version: number | null }) {
  if (model.versions.length < 2 && version === null) return null;
  const choose = (chosen: string) => go(to(["models", model.name, "try"], { version: chosen }));
  return (
    <label class="version">
      {say.version()}{" "}
      <select value={String(version ?? "")} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{say.answering()}</option>
        {[...model.versions].reverse().map((number) => (
          <option key={number} value={String(number)}>
            {named(model, number)}
          </option>
        ))}
      </select>
    </label>
  );
}

function named(model: ModelDetails, number: number): string {
  if (model.withdrawn?.includes(number)) return say.withdrawn({ number });
  const labels = Object.entries(model.labels ?? {}).flatMap(([label, version]) => (version === number ? [label] : []));
  return labels.length ? say.labelled({ number, labels: labels.join(", ") }) : say.one({ number });
}
