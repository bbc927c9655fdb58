/** One job: its progress, its result, and what can be done about it. */
import { useState } from "preact/hooks";
import { post } from "../../api/client";
import { asError } from "../../api/loading";
import { Failure } from "../../components/states";
import { language, number, texts } from "../../i18n";
import { to } from "../../router";
import { isRepeated, useJob } from "./job/following";
import { Results } from "./job/results";
import { duration, stateName } from "./job/words";
import "./jobs.css";
import { type Job, fileName, runs } from "./status";

const say = texts({
  title: ["Job", "任务"],
  loading: ["Loading…", "加载中…"],
  all: ["All files", "全部文件"],
  state: ["State:", "状态："],
  model: ["Model", "模型"],
  version: ["version {number}", "版本 {number}"],
  rows: ["Rows", "行数"],
  of: ["{done} of {total}", "{done} / {total}"],
  rejected: ["Rejected", "被拒绝"],
  rate: ["Rows per second", "每秒行数"],
  left: ["Time left", "剩余时间"],
  about: ["about {time}", "约 {time}"],
  cost: ["Estimated cost", "估计费用"],
  started: ["Started", "开始时间"],
  progress: ["Progress", "进度"],
  cancel: ["Cancel", "取消任务"],
  retry: ["Retry the missing chunks", "重试缺失的部分"],
  close: ["Finish without the missing rows", "放弃缺失的行并结束"],
  lost: ["{reason} The job continues; the page asks again.", "{reason} 任务继续运行，页面会再次查询。"],
});

export function JobPage({ id }: { readonly id: string }) {
  const { job, error, again } = useJob(id);
  return (
    <>
      <p>
        <a href={to(["jobs"])}>{say.all()}</a>
      </p>
      <h1>{job ? fileName(job) : say.title()}</h1>
      {!job && !error && (
        <p class="loading" role="status">
          {say.loading()}
        </p>
      )}
      {error && (job && isRepeated(error) ? <p class="notice" role="status">{say.lost({ reason: error.message })}</p> : <Failure error={error} again={again} />)}
      {job && (
        <>
          <Progress job={job} />
          <Actions job={job} again={again} />
          {job.receipt && <Results job={job} />}
        </>
      )}
    </>
  );
}

function Progress({ job }: { readonly job: Job }) {
  const { rows } = job;
  const facts: readonly (readonly [string, preact.ComponentChildren])[] = [
    [say.model(), <a key="model" href={to(["models", job.model.name])}>{`${job.model.name}, ${say.version({ number: job.model.version })}`}</a>],
    [say.rows(), rows.total === null ? number(rows.done) : say.of({ done: number(rows.done), total: number(rows.total) })],
    [say.rejected(), number(rows.rejected)],
    [say.rate(), number(job.rows_per_second)],
    ...(job.seconds_left === null ? [] : [[say.left(), say.about({ time: duration(job.seconds_left) })] as const]),
    [say.cost(), number(job.cost_estimate_usd, { style: "currency", currency: "USD", maximumSignificantDigits: 2 })],
    [say.started(), new Date(job.created * 1000).toLocaleString(language())],
  ];
  return (
    <section class="part">
      <p class="state" role="status">
        {say.state()} <strong>{stateName(job.state)}</strong>
      </p>
      {job.reason && <p class={job.state === "failed" ? "failure" : "notice"}>{job.reason}</p>}
      {runs(job) && <progress aria-label={say.progress()} max="1" {...(job.progress !== null && { value: job.progress })} />}
      <dl class="facts">
        {facts.map(([name, value]) => (
          <>
            <dt key={name}>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function Actions({ job, again }: { readonly job: Job; readonly again: () => void }) {
  const [pending, setPending] = useState(false);
  const [problem, setProblem] = useState("");
  const act = async (action: string) => {
    setPending(true);
    setProblem("");
    await post(`jobs/${job.id}/${action}`, {}).catch((error: unknown) => setProblem(asError(error).message));
    setPending(false);
    again();
  };
  const actions = job.state === "incomplete" ? (["retry", "close", "cancel"] as const) : runs(job) ? (["cancel"] as const) : [];
  return (
    <>
      <div class="choices">
        {actions.map((action) => (
          <button key={action} type="button" disabled={pending} onClick={() => act(action)}>
            {say[action]()}
          </button>
        ))}
      </div>
      {problem && (
        <div class="failure" role="alert">
          <p>{problem}</p>
        </div>
      )}
    </>
  );
}
