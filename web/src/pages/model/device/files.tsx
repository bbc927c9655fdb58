/** The files for devices: size, digest, download. */
import { useState } from "preact/hooks";
import type { ApiError } from "../../../api/client";
import { asError } from "../../../api/loading";
import type { Form } from "../../../api/types";
import { Failure } from "../../../components/states";
import { fileOf } from "../../../device/download";
import { bytes, texts } from "../../../i18n";

const say = texts({
  title: ["Files for your app", "用于您的应用的文件"],
  file: ["File", "文件"],
  size: ["Size", "大小"],
  digest: ["SHA-256", "SHA-256"],
  download: ["Download {file}", "下载 {file}"],
});

export function DeviceFiles({ form }: { readonly form: Form }) {
  const [error, setError] = useState<ApiError | null>(null);
  const files = "files" in form.device ? form.device.files.filter(({ path }) => path.endsWith(".tflite")) : [];
  const names = [...files.map(({ path }) => path), "manifest.json"];
  const download = (name: string) => void save(form, name).then(() => setError(null), (failure: unknown) => setError(asError(failure)));
  return (
    <section aria-labelledby="device-files">
      <h2 id="device-files">{say.title()}</h2>
      <dl class="facts">
        {files.map(({ path, bytes: size, sha256 }) => (
          <>
            <dt>{say.file()}</dt>
            <dd>{path}</dd>
            <dt>{say.size()}</dt>
            <dd>{bytes(size)}</dd>
            <dt>{say.digest()}</dt>
            <dd>
              <code>{sha256}</code>
            </dd>
          </>
        ))}
      </dl>
      <div class="row">
        {names.map((name) => (
          <button key={name} type="button" onClick={() => download(name)}>
            {say.download({ file: name })}
          </button>
        ))}
      </div>
      {error && <Failure error={error} />}
    </section>
  );
}

/** Save a file: a link alone would send no authorization. */
async function save(form: Form, name: string): Promise<void> {
  const url = URL.createObjectURL(new Blob([await fileOf(form, name)]));
  Object.assign(document.createElement("a"), { href: url, download: `${form.model}-${form.version}-${name}` }).click();
  URL.revokeObjectURL(url);
}
