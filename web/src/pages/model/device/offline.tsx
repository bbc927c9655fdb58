/** Keeping a model on the device, for use without a network. */
import { useState } from "preact/hooks";
import type { ApiError } from "../../../api/client";
import { asError } from "../../../api/loading";
import type { Form } from "../../../api/types";
import { Failure } from "../../../components/states";
import { removePage, storePage } from "../../../device/storage/shell";
import { type Stored, canStore, remove, store, storedModels } from "../../../device/storage/stored";
import { storedChanged, useStored } from "../../../device/storage/use-stored";
import { bytes, texts } from "../../../i18n";
import { to } from "../../../router";

const say = texts({
  title: ["Use offline", "离线使用"],
  how: [
    "Keeps this page, LiteRT.js (about 10 MB) and the model on this device. They then work without a network. Open this address again, or install the page from the browser's menu.",
    "将本页面、LiteRT.js（约 10 MB）和模型保存在本设备上，之后无需网络即可使用。再次打开此地址，或通过浏览器菜单安装本页面。",
  ],
  insecure: [
    "Browsers keep pages offline only with HTTPS or on localhost. Open this page with HTTPS to use the model offline.",
    "浏览器仅对 HTTPS 或 localhost 页面提供离线功能。请通过 HTTPS 打开本页面以离线使用模型。",
  ],
  store: ["Use offline", "离线使用"],
  update: ["Update to version {version}", "更新到版本 {version}"],
  remove: ["Remove from this device", "从本设备移除"],
  storing: ["Storing the page and the model…", "正在存储页面和模型…"],
  stored: ["Version {version} is on this device ({size}).", "版本 {version} 已保存在本设备上（{size}）。"],
  older: ["Version {version} is on this device. The server has version {newest}.", "本设备上保存的是版本 {version}，服务器上为版本 {newest}。"],
  list: ["Models on this device", "本设备上的模型"],
});

export function OfflineControls({ form }: { readonly form: Form }) {
  const stored = useStored()?.find(({ name }) => name === form.model);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    await work().catch((failure: unknown) => setError(asError(failure)));
    storedChanged();
    setBusy(false);
  };
  return (
    <section aria-labelledby="device-offline">
      <h2 id="device-offline">{say.title()}</h2>
      {canStore() ? <p class="hint">{say.how()}</p> : <p>{say.insecure()}</p>}
      {error && <Failure error={error} />}
      <div role="status">{busy ? <p>{say.storing()}</p> : stored && <State stored={stored} form={form} />}</div>
      {canStore() && (
        <div class="row">
          {stored?.version !== form.version && (
            <button type="button" class="primary" disabled={busy} onClick={() => void run(() => keep(form))}>
              {stored ? say.update({ version: form.version }) : say.store()}
            </button>
          )}
          {stored && (
            <button type="button" disabled={busy} onClick={() => void run(() => forget(stored))}>
              {say.remove()}
            </button>
          )}
          <a href={to(["offline"])}>{say.list()}</a>
        </div>
      )}
    </section>
  );
}

function State({ stored, form }: { readonly stored: Stored; readonly form: Form }) {
  if (stored.version === form.version) return <p>{say.stored({ version: stored.version, size: bytes(stored.bytes) })}</p>;
  return <p>{say.older({ version: stored.version, newest: form.version })}</p>;
}

/** Store a model, and the page with the first one: without the page no model can be used. */
async function keep(form: Form): Promise<void> {
  const stored = await store(form);
  try {
    await storePage();
  } catch (error) {
    await forget(stored);
    throw error;
  }
}

/** Remove a model, and the page with the last one. */
export async function forget(stored: Stored): Promise<void> {
  await remove(stored);
  if ((await storedModels()).length === 0) await removePage();
}
