/** The same input predicted in this browser and on the server. */
import { modelPath, send } from "../../../api/client";
import type { Form, Prediction } from "../../../api/types";
import { SideView } from "../../../answers/side";
import { downloaded } from "../../../device/download";
import { type Side, useDevice, useSide } from "../../../device/use-device";
import { number, texts } from "../../../i18n";
import { read } from "../../../inputs/draft";
import { InputForm } from "../../../inputs/form";
import { useDraft } from "../try/kept";
import type { Timed } from "../../../answers/side";

const say = texts({
  title: ["Predict in this browser", "在此浏览器中预测"],
  how: [
    "The model runs on this device with LiteRT.js. The first prediction loads about 3 MB.",
    "模型通过 LiteRT.js 在本设备上运行。首次预测会加载约 3 MB。",
  ],
  predict: ["Predict in both places", "在两处预测"],
  here: ["On this device", "在本设备上"],
  there: ["On the server", "在服务器上"],
  same: ["The answers differ by at most {difference}.", "两个结果的最大差异为 {difference}。"],
});

export function Compare({ form, limit }: { readonly form: Form; readonly limit: number }) {
  const [draft, setDraft] = useDraft(form, "");
  const reading = read(form, draft, limit);
  const [here, askHere] = useDevice(() => opened(form), `${form.model} ${form.version}`);
  const [there, askThere] = useSide((body) => onServer(form, body));
  // One after the other, so that neither takes time from the other.
  const ask = async (body: string) => {
    await askHere(body);
    await askThere(body);
  };
  const busy = here.state === "pending" || there.state === "pending";
  return (
    <section aria-labelledby="device-predict">
      <h2 id="device-predict">{say.title()}</h2>
      <p class="hint">{say.how()}</p>
      <div class="try">
        <div>
          <InputForm form={form} draft={draft} reading={reading} limit={limit} onChange={setDraft} />
          <p class="row send">
            <button type="button" class="primary" disabled={reading.body === null || busy} onClick={() => reading.body !== null && void ask(reading.body)}>
              {say.predict()}
            </button>
          </p>
        </div>
        <div class="sides">
          <SideView title={say.here()} form={form} side={here} />
          <SideView title={say.there()} form={form} side={there} />
          <Difference here={here} there={there} />
        </div>
      </div>
    </section>
  );
}

async function opened(form: Form) {
  const { deviceModel } = await import("../../../device/model"); // most visitors need neither it nor its inputs
  const { manifest, files } = await downloaded(form);
  return deviceModel(form.model, form.version, manifest, files);
}

async function onServer(form: Form, body: string): Promise<Timed> {
  const path = modelPath(form.model, form.version, "/predict");
  const { value, milliseconds } = await send<Prediction>(path, { method: "POST", body, headers: { "content-type": "application/json" } });
  return { prediction: value, milliseconds };
}

function Difference({ here, there }: { readonly here: Side<Timed>; readonly there: Side<Timed> }) {
  if (here.state !== "ready" || there.state !== "ready") return null;
  const largest = differenceOf(here.value.prediction.predictions, there.value.prediction.predictions);
  return <p role="status">{say.same({ difference: number(largest, { maximumSignificantDigits: 2, notation: largest < 1e-3 ? "scientific" : "standard" }) })}</p>;
}

/** Return the largest difference of two numbers at the same place of nested lists and objects. */
function differenceOf(ours: unknown, theirs: unknown): number {
  if (typeof ours === "number" && typeof theirs === "number") return Math.abs(ours - theirs);
  if (typeof ours !== "object" || ours === null || typeof theirs !== "object" || theirs === null) return 0;
  const others = theirs as Readonly<Record<string, unknown>>;
  return Object.entries(ours).reduce((most, [key, value]) => Math.max(most, differenceOf(value, others[key])), 0);
}
