/** Results of a finished job: first rows, rejected rows, downloads. */
import { useState } from "preact/hooks";
import { asError, useLoaded } from "../../../api/loading";
import { Shown } from "../../../components/states";
import { number, texts } from "../../../i18n";
import { Table } from "../../../components/table";
import type { Job, Receipt } from "../status";
import { head, link, outputName, receiptOf } from "./outputs";
import { rowsOf } from "./rows";

const say = texts({
  title: ["Result", "结果"],
  scored: ["{scored} of {read} rows were scored, {rejected} rejected.", "共 {read} 行，评分 {scored} 行，拒绝 {rejected} 行。"],
  missing: ["{missing} rows are missing: they could not be scored, and the job was finished without them.", "缺失 {missing} 行：这些行无法评分，任务已在没有它们的情况下结束。"],
  first: ["The first rows of the result", "结果的前几行"],
  errors: ["The first rejected rows", "最先被拒绝的行"],
  parquet: ["Parquet has no preview here.", "此处无法预览 Parquet。"],
  empty: ["No row was scored.", "没有行被评分。"],
  download: ["Download {name}", "下载 {name}"],
  more: ["Show all {count} files", "显示全部 {count} 个文件"],
});

const SHOWN = 20;
const FILES = 5;

export function Results({ job }: { readonly job: Job }) {
  const [receipt, again] = useLoaded((signal) => receiptOf(job, signal), [job.id, job.state]);
  return (
    <section class="part" aria-labelledby="result">
      <h2 id="result">{say.title()}</h2>
      <Shown of={receipt} again={again}>
        {(found) => <Found job={job} receipt={found} />}
      </Shown>
    </section>
  );
}

function Found({ job, receipt }: { readonly job: Job; readonly receipt: Receipt }) {
  const parts = receipt.parts.map(({ key }) => outputName(job, key));
  const errors = receipt.errors.map(({ key }) => outputName(job, key));
  const { read, scored, rejected } = receipt.rows;
  const missing = (receipt.missing ?? []).reduce((sum, { rows }) => sum + rows, 0);
  return (
    <>
      <p>{say.scored({ read: number(read), scored: number(scored), rejected: number(rejected) })}</p>
      {missing > 0 && <p class="notice">{say.missing({ missing: number(missing) })}</p>}
      <Downloads job={job} names={[...parts, ...errors, "receipt.json"]} />
      {!parts[0] || !scored ? <p>{say.empty()}</p> : receipt.format === "parquet" ? <p>{say.parquet()}</p> : <Preview job={job} name={parts[0]} caption={say.first()} />}
      {errors[0] && <Preview job={job} name={errors[0]} caption={say.errors()} />}
    </>
  );
}

function Preview({ job, name, caption }: { readonly job: Job; readonly name: string; readonly caption: string }) {
  const [text, again] = useLoaded((signal) => head(job, name, signal), [job.id, name]);
  return (
    <Shown of={text} again={again}>
      {(loaded) => {
        const { head: columns, rows } = rowsOf(loaded, name.endsWith(".csv") ? "csv" : "jsonl", SHOWN);
        return <Table caption={caption} head={columns} rows={rows} text={columns.map((_, column) => column)} />;
      }}
    </Shown>
  );
}

function Downloads({ job, names }: { readonly job: Job; readonly names: readonly string[] }) {
  const [all, setAll] = useState(false);
  const [problem, setProblem] = useState("");
  const download = (name: string) => saved(job, name).then(() => setProblem(""), (error: unknown) => setProblem(asError(error).message));
  return (
    <>
      <div class="choices">
        {names.slice(0, all ? names.length : FILES).map((name) => (
          <button key={name} type="button" onClick={() => download(name)}>
            {say.download({ name })}
          </button>
        ))}
        {names.length > FILES && !all && (
          <button type="button" onClick={() => setAll(true)}>
            {say.more({ count: number(names.length) })}
          </button>
        )}
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

/** Let the browser download an output: it may be larger than the memory of a page. */
async function saved(job: Job, name: string): Promise<void> {
  const anchor = document.createElement("a");
  Object.assign(anchor, { href: await link(job, name), download: name, target: "_blank", rel: "noopener" });
  anchor.click();
}
