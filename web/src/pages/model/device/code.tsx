/** Code that runs the file on other devices. */
import { useState } from "preact/hooks";
import type { Form } from "../../../api/types";
import { Copyable } from "../../../components/copy";
import { texts } from "../../../i18n";
import { SNIPPETS, type Tongue } from "./snippets";

const say = texts({
  title: ["Code for your app", "用于您的应用的代码"],
  language: ["Programming language", "编程语言"],
  values: [
    "The zeros stand for one row of input. manifest.json says how the numbers are made of categories, dates or pixels.",
    "零代表一行输入。manifest.json 说明如何由类别、日期或像素得到这些数值。",
  ],
});

export function DeviceCode({ form }: { readonly form: Form }) {
  const [tongue, setTongue] = useState<Tongue>("Kotlin");
  return (
    <section aria-labelledby="device-code">
      <h2 id="device-code">{say.title()}</h2>
      <div class="switch" role="group" aria-label={say.language()}>
        {(Object.keys(SNIPPETS) as Tongue[]).map((each) => (
          <button key={each} type="button" aria-pressed={each === tongue} onClick={() => setTongue(each)}>
            {each}
          </button>
        ))}
      </div>
      <Copyable text={SNIPPETS[tongue](form)} label={tongue} />
      <p class="hint">{say.values()}</p>
    </section>
  );
}
