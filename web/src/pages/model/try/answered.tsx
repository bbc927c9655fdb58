/** The answer to the form, or its state: none yet, being computed, failed, or of an earlier input. */
import type { Answer } from "../../../api/client";
import type { Form, Prediction } from "../../../api/types";
import { AnswerView } from "../../../answers/answer";
import { Failure } from "../../../components/states";
import { number, texts } from "../../../i18n";
import type { Asked } from "./asking";

const say = texts({
  ready: ["Press Predict to get an answer.", "点击“预测”获得结果。"],
  pending: ["Predicting…", "正在预测…"],
  earlier: ["The input has changed since: press Predict.", "输入已更改：请点击“预测”。"],
  latency: ["Time", "耗时"],
  milliseconds: ["{number} ms", "{number} 毫秒"],
  version: ["Version", "版本"],
  correlation: ["Request id, for support", "请求编号（用于排查）"],
});

interface Props {
  readonly form: Form;
  readonly asked: Asked<Prediction>;
  /** The request of the current input. */
  readonly body: string;
}

export function Answered({ form, asked, body }: Props) {
  const { answer, error, pending } = asked;
  return (
    <>
      {error && <Failure error={error} again={asked.ask} />}
      {answer && <AnswerView form={form} prediction={answer.value} body={asked.body} />}
      {answer && <Facts answer={answer} />}
      {pending && !answer && (
        <p class="loading" role="status">
          {say.pending()}
        </p>
      )}
      {!pending && !answer && !error && <p class="empty">{say.ready()}</p>}
      {!pending && (answer || error) && asked.body !== body && <p role="status">{say.earlier()}</p>}
    </>
  );
}

function Facts({ answer }: { readonly answer: Answer<Prediction> }) {
  const { headers, milliseconds, value } = answer;
  const correlation = headers.get("x-correlation-id");
  return (
    <dl class="facts">
      <dt>{say.latency()}</dt>
      <dd>{say.milliseconds({ number: number(milliseconds, { maximumSignificantDigits: 3 }) })}</dd>
      <dt>{say.version()}</dt>
      <dd>{headers.get("lightship-version") ?? value.version}</dd>
      {correlation && (
        <>
          <dt>{say.correlation()}</dt>
          <dd>
            <code>{correlation}</code>
          </dd>
        </>
      )}
    </dl>
  );
}
