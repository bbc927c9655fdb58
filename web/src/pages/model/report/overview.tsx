/** The first part of a report: headline metrics, the data, the model card. */
import { number, texts } from "../../../i18n";
import type { Data, Report } from "./contents";
import { Tiles } from "./metrics";

const say = texts({
  data: ["Data", "数据"],
  rows: ["{name}, {rows} rows", "{name}，{rows} 行"],
  skipped: ["{rows} skipped", "跳过 {rows} 行"],
  excluded: ["{rows} excluded", "排除 {rows} 行"],
  compiled: ["Compiled", "编译时间"],
  purpose: ["Purpose", "用途"],
  limits: ["Limits", "限制"],
  owner: ["Owner", "负责人"],
  licence: ["Licence", "许可证"],
  card: ["Model card", "模型卡"],
  training: ["Training data", "训练数据"],
});

const CARD = { purpose: say.purpose, data: say.training, limits: say.limits, owner: say.owner, licence: say.licence };

export function Overview({ found }: { readonly found: Report }) {
  const { card = {}, evaluation } = found.report;
  const outputs = evaluation?.outputs ?? [];
  return (
    <>
      {outputs.map((output) => (
        <div key={output.output}>
          {outputs.length > 1 && <h3>{output.output}</h3>}
          <Tiles output={output} />
        </div>
      ))}
      <dl class="facts">
        {evaluation?.data && <Fact name={say.data()} value={described(evaluation.data)} />}
        {evaluation?.data?.sha256 && <Fact name="SHA-256" value={evaluation.data.sha256} />}
        {found.measurements?.compiled && <Fact name={say.compiled()} value={found.measurements.compiled} />}
      </dl>
      {Object.keys(CARD).some((key) => card[key]) && (
        <>
          <h3>{say.card()}</h3>
          <dl class="facts">
            {Object.entries(CARD).map(([key, name]) => (card[key] ? <Fact key={key} name={name()} value={card[key]} /> : null))}
          </dl>
        </>
      )}
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function described(data: Data): string {
  const left = [data.skipped && say.skipped({ rows: number(data.skipped) }), data.excluded && say.excluded({ rows: number(data.excluded) })];
  return [say.rows({ name: data.name, rows: number(data.rows) }), ...left].filter(Boolean).join(", ");
}
