/** Score a file: choose it, a model and options; upload it; start the job. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get, modelPath, post } from "../../../api/client";
import { asError, useLoaded } from "../../../api/loading";
import type { Form, ModelSummary } from "../../../api/types";
import { bytes, number, texts } from "../../../i18n";
import { go, to, useLocation } from "../../../router";
import type { Job } from "../status";
import type { Choice } from "../upload/choice";
import { patiently } from "../upload/patience";
import { type Progress, upload } from "../upload/upload";
import { FileChoice } from "./files";
import { DEFAULTS, OptionFields, type Options, toServer, valid } from "./options";

const say = texts({
  title: ["Score a file", "为文件评分"],
  model: ["Model", "模型"],
  columns: ["The model reads these columns: {names}.", "模型读取以下列：{names}。"],
  image: ["The model reads images.", "模型读取图像。"],
  start: ["Upload and score", "上传并评分"],
  stop: ["Stop the upload", "停止上传"],
  uploading: ["Uploading", "正在上传"],
  sent: ["{sent} of {total}, {percent}", "{sent} / {total}，{percent}"],
  waiting: ["The connection is lost. The upload continues when it is back.", "连接已断开，恢复后将继续上传。"],
  stopped: ["The upload was stopped.", "上传已停止。"],
});

export function Start({ models }: { readonly models: readonly ModelSummary[] }) {
  const asked = useLocation().query.get("model");
  const [model, setModel] = useState(asked ?? models.find((each) => each.default)?.name ?? models[0]?.name ?? "");
  const [choice, setChoice] = useState<Choice | null>(null);
  const [options, setOptions] = useState<Options>(DEFAULTS);
  const sending = useSending();
  const submit = (event: Event) => {
    event.preventDefault();
    if (choice) void sending.start(model, choice, options);
  };
  return (
    <form class="part" onSubmit={submit} aria-labelledby="score">
      <h2 id="score">{say.title()}</h2>
      <label class="choices">
        {say.model()}
        <select value={model} disabled={sending.busy} onChange={(event) => setModel(event.currentTarget.value)}>
          {models.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Needs model={model} />
      <FileChoice choice={choice} disabled={sending.busy} onChange={setChoice} />
      {choice && <OptionFields options={options} kind={choice.kind} onChange={setOptions} />}
      {sending.progress && <Sent progress={sending.progress} />}
      <div class="choices">
        <button class="primary" disabled={!choice || !valid(options) || sending.busy}>
          {say.start()}
        </button>
        {sending.busy && (
          <button type="button" onClick={sending.stop}>
            {say.stop()}
          </button>
        )}
      </div>
      {sending.problem && (
        <div class="failure" role="alert">
          <p>{sending.problem}</p>
        </div>
      )}
    </form>
  );
}

/** What a file for the model contains. */
function Needs({ model }: { readonly model: string }) {
  const [form] = useLoaded((signal) => get<Form>(modelPath(model, null, "/form"), signal), [model]);
  if (form.state !== "ready") return null;
  const names = form.value.inputs.flatMap(({ columns = [] }) => columns.map(({ name }) => name));
  if (names.length) return <p class="hint">{say.columns({ names: names.slice(0, 50).join(", ") })}</p>;
  return form.value.inputs.some(({ kind }) => kind === "image") ? <p class="hint">{say.image()}</p> : null;
}

function Sent({ progress: { sent, total, waiting } }: { readonly progress: Progress }) {
  const percent = number(total ? sent / total : 1, { style: "percent", maximumFractionDigits: 0 });
  return (
    <div class="sent">
      <progress max={total} value={sent} aria-label={say.uploading()} />
      <p>{say.sent({ sent: bytes(sent), total: bytes(total), percent })}</p>
      <p role="status">{waiting ? say.waiting() : ""}</p>
    </div>
  );
}

interface Sending {
  readonly busy: boolean;
  readonly progress: Progress | null;
  readonly problem: string;
  readonly start: (model: string, choice: Choice, options: Options) => Promise<void>;
  readonly stop: () => void;
}

/** Upload and start a job, then show it; leaving the page stops the upload. */
function useSending(): Sending {
  const [state, setState] = useState<Pick<Sending, "busy" | "progress" | "problem">>({ busy: false, progress: null, problem: "" });
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);
  const start = async (model: string, choice: Choice, options: Options) => {
    const { signal } = (controller.current = new AbortController());
    const onProgress = (progress: Progress) => setState({ busy: true, progress, problem: "" });
    setState({ busy: true, progress: null, problem: "" });
    try {
      const uploaded = await upload(choice.files, { signal, onProgress }, { folder: choice.folder });
      const body = { model, ...uploaded, options: toServer(options, choice.kind) };
      const onWaiting = (waiting: boolean) => setState(({ progress }) => ({ busy: true, progress: progress && { ...progress, waiting }, problem: "" }));
      // The same request again is the same job.
      const job = await patiently(() => post<Job>("jobs", body, signal), { signal, onWaiting });
      if (!signal.aborted) go(to(["jobs", job.value.id]));
    } catch (error) {
      setState({ busy: false, progress: null, problem: signal.aborted ? say.stopped() : asError(error).message });
    }
  };
  return { ...state, start, stop: () => controller.current?.abort() };
}
