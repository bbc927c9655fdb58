/** Run a version beside the answering one, without an effect on callers. */
import { useState } from "preact/hooks";
import type { ModelDetails } from "../../../api/types";
import { texts } from "../../../i18n";
import type { Changes } from "./changes";
import { percent } from "./words";

const say = texts({
  title: ["Mirror", "镜像"],
  about: ["A sample of the requests runs on this version, too. Callers do not get its answers; the table above says how far they differ.", "部分请求同时在该版本上运行，结果不返回给调用方；上方表格显示差异。"],
  version: ["Mirrored version", "镜像版本"],
  number: ["version {number}", "版本 {number}"],
  share: ["Percent of the requests", "请求百分比"],
  start: ["Mirror", "开始镜像"],
  end: ["End mirroring to version {number} ({share})", "停止镜像到版本 {number}（{share}）"],
  none: ["All versions get traffic.", "所有版本都已分配流量。"],
});

interface Props {
  readonly model: ModelDetails;
  readonly usable: readonly number[];
  readonly changes: Changes;
}

export function Mirror({ model, usable, changes }: Props) {
  const answering = Object.keys(model.traffic).length ? Object.keys(model.traffic).map(Number) : [model.version];
  const offered = usable.filter((version) => !answering.includes(version));
  const [chosen, setChosen] = useState<number | null>(null);
  const [share, setShare] = useState(10);
  const version = chosen !== null && offered.includes(chosen) ? chosen : offered.at(-1);
  const valid = share > 0 && share <= 100;
  const submit = (event: Event) => {
    event.preventDefault();
    void changes.change("mirror", { version, fraction: share / 100 });
  };
  return (
    <form class="part" onSubmit={submit} aria-labelledby="operate-mirror">
      <h2 id="operate-mirror">{say.title()}</h2>
      <p class="hint">{say.about()}</p>
      <div class="choices">
        {Object.entries(model.mirrored).map(([each, fraction]) => (
          <button key={each} type="button" disabled={changes.pending} onClick={() => changes.change("mirror", { version: Number(each), fraction: 0 })}>
            {say.end({ number: each, share: percent(fraction * 100) })}
          </button>
        ))}
      </div>
      {version === undefined ? (
        <p>{say.none()}</p>
      ) : (
        <div class="choices">
          <label>
            {say.version()}{" "}
            <select value={String(version)} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
              {offered.map((number) => (
                <option key={number} value={String(number)}>
                  {say.number({ number })}
                </option>
              ))}
            </select>
          </label>
          <label>
            {say.share()} <input type="number" min="1" max="100" value={share} aria-invalid={!valid} onInput={(event) => setShare(event.currentTarget.valueAsNumber)} />
          </label>
          <button class="primary" disabled={!valid || changes.pending}>
            {say.start()}
          </button>
        </div>
      )}
    </form>
  );
}
