/** Score files, and the jobs so far. */
import { get } from "../../api/client";
import { useLoaded } from "../../api/loading";
import type { ModelSummary } from "../../api/types";
import { Empty, Shown } from "../../components/states";
import { language, number, texts } from "../../i18n";
import { to } from "../../router";
import { Table } from "../../components/table";
import "./jobs.css";
import { stateName } from "./job/words";
import { Start } from "./start/start";
import { type Job, fileName } from "./status";

const say = texts({
  title: ["Files", "文件"],
  jobs: ["Your jobs", "我的任务"],
  none: ["No file was scored yet.", "尚未为任何文件评分。"],
  models: ["There is no model yet.", "还没有模型。"],
  file: ["File", "文件"],
  model: ["Model", "模型"],
  state: ["State", "状态"],
  rows: ["Rows", "行数"],
  rejected: ["Rejected", "被拒绝"],
  created: ["Started", "开始时间"],
  version: ["{name}, version {number}", "{name}，版本 {number}"],
});

export function JobsPage() {
  const [models, again] = useLoaded((signal) => get<{ models: ModelSummary[] }>("models", signal), []);
  return (
    <>
      <h1>{say.title()}</h1>
      <Shown of={models} again={again}>
        {({ models: all }) => (all.length ? <Start models={all} /> : <Empty>{say.models()}</Empty>)}
      </Shown>
      <History />
    </>
  );
}

function History() {
  const [jobs, again] = useLoaded((signal) => get<{ jobs: Job[] }>("jobs?limit=50", signal), []);
  return (
    <section class="part" aria-labelledby="jobs">
      <h2 id="jobs">{say.jobs()}</h2>
      <Shown of={jobs} again={again}>
        {({ jobs: all }) => (all.length ? <Jobs all={all} /> : <Empty>{say.none()}</Empty>)}
      </Shown>
    </section>
  );
}

function Jobs({ all }: { readonly all: readonly Job[] }) {
  const rows = all.map((job) => [
    <a key="link" href={to(["jobs", job.id])}>
      {fileName(job)}
    </a>,
    say.version({ name: job.model.name, number: job.model.version }),
    stateName(job.state),
    job.rows.total === null ? "–" : number(job.rows.total),
    number(job.rows.rejected),
    new Date(job.created * 1000).toLocaleString(language()),
  ]);
  return <Table caption={say.jobs()} head={[say.file(), say.model(), say.state(), say.rows(), say.rejected(), say.created()]} rows={rows} text={[1, 2, 5]} headed />;
}
