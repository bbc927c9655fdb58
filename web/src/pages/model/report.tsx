/** The report of a version, and its comparison with another one. */
import { modelPath } from "../../api/client";
import { useLoaded } from "../../api/loading";
import type { ModelDetails } from "../../api/types";
import { Copyable } from "../../components/copy";
import { Shown } from "../../components/states";
import { texts } from "../../i18n";
import { go, to } from "../../router";
import type { ModelTabProps } from "./model";
import { Comparison } from "./report/compare";
import { Parts } from "./report/parts";
import { Printable } from "./report/printable";
import { reportOf } from "./report/loading";
import "./report/report.css";

const say = texts({
  version: ["Version", "版本"],
  compare: ["Compare with", "对比"],
  none: ["no other version", "不对比"],
  number: ["version {number}", "版本 {number}"],
  missing: ["Version {number} has no report: it was compiled without data that have targets.", "版本 {number} 没有报告：编译时没有提供带目标值的数据。"],
  unmeasured: ["Version {number} has no metrics: it was compiled without data that have targets.", "版本 {number} 没有指标：编译时没有提供带目标值的数据。"],
  make: ["This command makes a version with metrics:", "以下命令生成带有指标的版本："],
  command: ["Command", "命令"],
});

export function ReportTab({ model, query }: ModelTabProps) {
  const version = Number(query.get("version")) || model.version || null;
  const other = Number(query.get("with")) || null;
  const [report, again] = useLoaded((signal) => reportOf(model, version, signal), [model.name, version, model.report]);
  return (
    <div class="report">
      <Choices model={model} version={version} other={other}>
        {report.state === "ready" && report.value && <Printable path={modelPath(model.name, version, "/report")} />}
      </Choices>
      <Shown of={report} again={again}>
        {(found) =>
          found ? (
            <>
              {other !== null && <Comparison model={model} found={found} other={other} />}
              <Parts found={found} />
              {!found.report.evaluation && <Command model={model} reason={say.unmeasured({ number: found.version })} />}
            </>
          ) : (
            <Command model={model} reason={say.missing({ number: version ?? "" })} />
          )
        }
      </Shown>
    </div>
  );
}

interface ChoicesProps {
  readonly model: ModelDetails;
  readonly version: number | null;
  readonly other: number | null;
  readonly children: preact.ComponentChildren;
}

function Choices({ model, version, other, children }: ChoicesProps) {
  const show = (chosen: string, beside: string) => go(to(["models", model.name, "report"], { version: chosen, with: beside === chosen ? "" : beside }));
  const versions = [...model.versions].reverse();
  const options = (all: readonly number[]) =>
    all.map((number) => (
      <option key={number} value={String(number)}>
        {say.number({ number })}
      </option>
    ));
  return (
    <div class="choices">
      <label>
        {say.version()}{" "}
        <select value={String(version ?? "")} onChange={(event) => show(event.currentTarget.value, String(other ?? ""))}>
          {options(versions)}
        </select>
      </label>
      {versions.length > 1 && (
        <label>
          {say.compare()}{" "}
          <select value={String(other ?? "")} onChange={(event) => show(String(version ?? ""), event.currentTarget.value)}>
            <option value="">{say.none()}</option>
            {options(versions.filter((each) => each !== version))}
          </select>
        </label>
      )}
      {children}
    </div>
  );
}

/** Show how a version gets metrics. */
function Command({ model, reason }: { readonly model: ModelDetails; readonly reason: string }) {
  return (
    <>
      <p>{reason}</p>
      <p>{say.make()}</p>
      <Copyable label={say.command()} text={`lightship compile FILE --name ${model.name} --data test.csv --target COLUMN`} />
    </>
  );
}
