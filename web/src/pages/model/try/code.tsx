/** The request of the form in curl, Python and JavaScript. */
import { useState } from "preact/hooks";
import { address, modelPath } from "../../../api/client";
import type { Form } from "../../../api/types";
import { Copyable } from "../../../components/copy";
import type { Draft } from "../../../inputs/draft";
import { mediaType } from "../../../inputs/image/encoding";
import { texts } from "../../../i18n";
import { type Call, SNIPPETS, type Tongue } from "./snippets";

const say = texts({
  language: ["Programming language", "编程语言"],
  token: ["Put your own token in place of TOKEN.", "请将 TOKEN 替换为您的令牌。"],
  image: ["Save the image as {file} first.", "请先将图像保存为 {file}。"],
});

interface Props {
  readonly form: Form;
  readonly draft: Draft;
  readonly body: string;
  readonly version: number | null;
  readonly signsIn: boolean;
}

export function Code(props: Props) {
  const [tongue, setTongue] = useState<Tongue>("curl");
  const call = callOf(props);
  return (
    <>
      <div class="switch" role="group" aria-label={say.language()}>
        {(Object.keys(SNIPPETS) as Tongue[]).map((each) => (
          <button key={each} type="button" aria-pressed={each === tongue} onClick={() => setTongue(each)}>
            {each}
          </button>
        ))}
      </div>
      <Copyable text={SNIPPETS[tongue](call)} label={tongue} />
      {call.file && <p class="hint">{say.image({ file: call.file.name })}</p>}
      {props.signsIn && <p class="hint">{say.token()}</p>}
    </>
  );
}

/** An image that is the only input is a file in code, not pages of base64. */
function callOf({ form, draft, body, version, signsIn }: Props): Call {
  const url = address(modelPath(form.model, version, "/predict"));
  const [field] = form.inputs;
  const b64 = draft.raws[field?.name ?? ""]?.b64;
  if (draft.asJson || form.inputs.length !== 1 || !b64) return { url, body, signsIn, file: null };
  const type = mediaType(b64);
  return { url, body, signsIn, file: { type, name: type === "image/png" ? "image.png" : "image.jpg" } };
}
