/** A model on the device: predict in the browser, keep it offline, and take its file elsewhere. */
import type { Form } from "../../api/types";
import { useLoaded } from "../../api/loading";
import { Empty, Shown } from "../../components/states";
import { manifestOf } from "../../device/download";
import { DeviceError } from "../../device/errors";
import { type DevicePlan, parseManifest, planOf } from "../../device/manifest";
import { texts } from "../../i18n";
import { Compare } from "./device/compare";
import "./device/device.css";
import { DeviceFiles } from "./device/files";
import { OfflineControls } from "./device/offline";
import { DeviceCode } from "./device/code";
import type { TabProps } from "./model";

const say = texts({
  none: ["This model has no file for phones and browsers: {reason}.", "该模型没有可在手机和浏览器中运行的文件：{reason}。"],
});

export function DeviceTab({ form, settings }: TabProps) {
  if ("reason" in form.device) return <Empty>{say.none({ reason: form.device.reason.replace(/\.$/, "") })}</Empty>;
  return <Loaded form={form} limit={settings.max_body} />;
}

interface Props {
  readonly form: Form;
  /** The largest body of a request in bytes. */
  readonly limit: number;
}

function Loaded({ form, limit }: Props) {
  const [plan, again] = useLoaded(async (signal) => outcomeOf(await manifestOf(form, signal)), [form]);
  return (
    <Shown of={plan} again={again}>
      {(found) => (
        <div class="device">
          {typeof found === "string" ? (
            <Empty>{found}</Empty>
          ) : (
            <>
              <Compare form={form} limit={limit} />
              <OfflineControls form={form} />
            </>
          )}
          <DeviceFiles form={form} />
          <DeviceCode form={form} />
        </div>
      )}
    </Shown>
  );
}

/** Return how this page runs a model, or why it cannot. */
async function outcomeOf(manifest: string): Promise<DevicePlan | string> {
  try {
    return await planOf(parseManifest(manifest));
  } catch (error) {
    if (error instanceof DeviceError) return error.message;
    throw error;
  }
}
