/** An answer beside others, with where it was computed and how long it took. */
import type { Form, Prediction } from "../api/types";
import { Failure } from "../components/states";
import type { Side } from "../device/use-device";
import { number, texts } from "../i18n";
import { AnswerView } from "./answer";

const say = texts({
  none: ["No answer yet.", "尚无结果。"],
  pending: ["Predicting…", "正在预测…"],
  time: ["{number} ms", "{number} 毫秒"],
});

export interface Timed {
  readonly prediction: Prediction;
  readonly milliseconds: number;
}

export function SideView({ title, form, side }: { readonly title: string; readonly form: Form; readonly side: Side<Timed> }) {
  return (
    <section class="panel" aria-label={title}>
      <h3>{title}</h3>
      {side.state === "none" && <p class="empty">{say.none()}</p>}
      {side.state === "pending" && (
        <p class="loading" role="status">
          {say.pending()}
        </p>
      )}
      {side.state === "failed" && <Failure error={side.error} />}
      {side.state === "ready" && (
        <>
          <AnswerView form={form} prediction={side.value.prediction} />
          <p class="latency">{say.time({ number: number(side.value.milliseconds, { maximumSignificantDigits: 3 }) })}</p>
        </>
      )}
    </section>
  );
}
