/** The share of the traffic of each version, which add up to 100. */
import { useEffect, useState } from "preact/hooks";
import type { ModelDetails } from "../../../api/types";
import { number, texts } from "../../../i18n";
import type { Changes } from "./changes";
import { type Shares, withShare, without } from "./shares";
import { percent } from "./words";

const say = texts({
  title: ["Traffic", "流量"],
  about: ["A caller stays on one version. Without a split, the label “production” or the newest version decides.", "同一调用方固定使用一个版本。未分配时由“production”标签或最新版本决定。"],
  version: ["Version {number}", "版本 {number}"],
  add: ["Add a version", "添加版本"],
  remove: ["Take version {number} out", "移出版本 {number}"],
  apply: ["Apply the split", "应用流量分配"],
  end: ["End the split", "取消流量分配"],
});

interface Props {
  readonly model: ModelDetails;
  readonly usable: readonly number[];
  readonly changes: Changes;
}

export function Traffic({ model, usable, changes }: Props) {
  const split = Object.keys(model.traffic).length > 0;
  const current = split ? model.traffic : { [String(model.version ?? usable.at(-1) ?? 1)]: 100 };
  const [shares, setShares] = useState<Shares>(current);
  useEffect(() => setShares(current), [JSON.stringify(current)]);
  const offered = usable.filter((version) => shares[version] === undefined && !model.mirrored[version]);
  const submit = (event: Event) => {
    event.preventDefault();
    void changes.change("traffic", { traffic: shares });
  };
  return (
    <form class="part" onSubmit={submit} aria-labelledby="operate-traffic">
      <h2 id="operate-traffic">{say.title()}</h2>
      <p class="hint">{say.about()}</p>
      {Object.entries(shares).map(([version, share]) => (
        <Share key={version} version={version} share={share} shares={shares} onChange={setShares} />
      ))}
      {offered.length > 0 && (
        <label>
          {say.add()}{" "}
          <select value="" onChange={(event) => setShares({ ...shares, [event.currentTarget.value]: 0 })}>
            <option value="" />
            {offered.map((version) => (
              <option key={version} value={String(version)}>
                {say.version({ number: version })}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="choices">
        <button class="primary" disabled={changes.pending}>
          {say.apply()}
        </button>
        {split && (
          <button type="button" disabled={changes.pending} onClick={() => changes.change("traffic", { traffic: {} })}>
            {say.end()}
          </button>
        )}
      </div>
    </form>
  );
}

interface ShareProps {
  readonly version: string;
  readonly share: number;
  readonly shares: Shares;
  readonly onChange: (shares: Shares) => void;
}

function Share({ version, share, shares, onChange }: ShareProps) {
  const alone = Object.keys(shares).length < 2;
  return (
    <div class="share">
      <label class="slider">
        {say.version({ number: version })}{" "}
        <input
          type="range"
          min="0"
          max="100"
          value={share}
          disabled={alone}
          aria-valuetext={percent(share)}
          onInput={(event) => onChange(withShare(shares, version, event.currentTarget.valueAsNumber))}
        />
        <output>{number(share / 100, { style: "percent", maximumFractionDigits: 1 })}</output>
      </label>
      {!alone && (
        <button type="button" aria-label={say.remove({ number: version })} onClick={() => onChange(without(shares, version))}>
          ✕
        </button>
      )}
    </div>
  );
}
