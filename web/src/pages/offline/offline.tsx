/** The models on this device: a list, and predictions without the server. */
import { useEffect, useState } from "preact/hooks";
import { SideView } from "../../answers/side";
import { Empty } from "../../components/states";
import { type Estimate, estimate } from "../../device/storage/quota";
import { type Stored, openStored } from "../../device/storage/stored";
import { storedChanged, useStored } from "../../device/storage/use-stored";
import { useDevice } from "../../device/use-device";
import { bytes, texts } from "../../i18n";
import { read } from "../../inputs/draft";
import { InputForm } from "../../inputs/form";
import { to } from "../../router";
import "../model/device/device.css";
import { forget } from "../model/device/offline";
import { useDraft } from "../model/try/kept";
import "../model/try/try.css";

const say = texts({
  title: ["Models on this device", "本设备上的模型"],
  none: ["No model is stored on this device. Open a model, choose “On your device”, then “Use offline”.", "本设备上没有存储模型。打开一个模型，选择“在设备上”，然后点击“离线使用”。"],
  name: ["Model", "模型"],
  version: ["Version", "版本"],
  size: ["Size", "大小"],
  action: ["Remove", "移除"],
  remove: ["Remove {name}", "移除 {name}"],
  space: ["This page uses {used} of this device, and may use {free} more.", "本页面已占用 {used} 存储空间，还可使用 {free}。"],
  predict: ["Predict on this device", "在本设备上预测"],
  here: ["On this device", "在本设备上"],
  input: ["Input", "输入"],
  gone: ["{name} is not stored on this device.", "本设备上没有存储 {name}。"],
});

/** A stored model takes what a server takes by default. */
const LIMIT = 6_000_000;

export function OfflinePage({ name }: { readonly name?: string | undefined }) {
  const stored = useStored();
  const chosen = stored?.find((each) => each.name === name);
  return (
    <>
      <h1>{chosen ? chosen.name : say.title()}</h1>
      {stored && name && !chosen && <Empty>{say.gone({ name })}</Empty>}
      {chosen ? <Predict key={`${chosen.name} ${chosen.version}`} stored={chosen} /> : stored && <List stored={stored} />}
    </>
  );
}

function List({ stored }: { readonly stored: readonly Stored[] }) {
  const [space, setSpace] = useState<Estimate | null>(null);
  useEffect(() => void estimate().then(setSpace), [stored]);
  if (stored.length === 0) return <Empty>{say.none()}</Empty>;
  return (
    <>
      <table class="stored">
        <thead>
          <tr>
            <th scope="col">{say.name()}</th>
            <th scope="col">{say.version()}</th>
            <th scope="col">{say.size()}</th>
            <th scope="col">{say.action()}</th>
          </tr>
        </thead>
        <tbody>
          {stored.map((each) => (
            <tr key={each.name}>
              <th scope="row">
                <a href={to(["offline", each.name])}>{each.name}</a>
              </th>
              <td>{each.version}</td>
              <td>{bytes(each.bytes)}</td>
              <td>
                <button type="button" aria-label={say.remove({ name: each.name })} onClick={() => void forget(each).then(storedChanged)}>
                  {say.action()}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {space && <p class="hint">{say.space({ used: bytes(space.used), free: bytes(space.free) })}</p>}
    </>
  );
}

function Predict({ stored }: { readonly stored: Stored }) {
  const { form } = stored;
  const [draft, setDraft] = useDraft(form, "");
  const reading = read(form, draft, LIMIT);
  const [side, ask] = useDevice(() => openStored(stored), stored.sha256);
  return (
    <div class="device">
      <p>
        <a href={to(["offline"])}>{say.title()}</a> · {say.version()} {stored.version} · {bytes(stored.bytes)}
      </p>
      <div class="try">
        <section aria-labelledby="offline-input">
          <h2 id="offline-input">{say.input()}</h2>
          <InputForm form={form} draft={draft} reading={reading} limit={LIMIT} onChange={setDraft} />
          <p class="row send">
            <button
              type="button"
              class="primary"
              disabled={reading.body === null || side.state === "pending"}
              onClick={() => reading.body !== null && void ask(reading.body)}
            >
              {say.predict()}
            </button>
          </p>
        </section>
        <SideView title={say.here()} form={form} side={side} />
      </div>
    </div>
  );
}
