/** The answer in one line at the bottom edge of a phone, while the answer itself is below the form. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Form, Prediction } from "../../../api/types";
import { headline } from "../../../answers/headline";
import { texts } from "../../../i18n";
import type { Asked } from "./asking";

const say = texts({
  show: ["Show the answer", "查看结果"],
  fix: ["The input is incomplete.", "输入不完整。"],
  failed: ["No answer.", "没有结果。"],
  earlier: ["The input has changed.", "输入已更改。"],
});

/** Pixels of the answer that are seen before the line is hidden. */
const SEEN = 96;

interface Props {
  readonly form: Form;
  readonly asked: Asked<Prediction>;
  /** The request of the current input; null where the input is incomplete. */
  readonly body: string | null;
  /** The heading of the answer. */
  readonly answer: RefObject<HTMLElement | null>;
}

export function Peek({ form, asked, body, answer }: Props) {
  if (!useBelow(answer)) return null;
  const show = () => {
    answer.current?.scrollIntoView();
    answer.current?.focus();
  };
  return (
    <button type="button" class="peek" onClick={show}>
      <span class="words">{wordsOf(form, asked, body)}</span> <span class="more">{say.show()}</span>
    </button>
  );
}

function wordsOf(form: Form, { answer, error, pending, body: asked }: Asked<Prediction>, body: string | null): string {
  if (body === null) return say.fix();
  if (error) return say.failed();
  if (!answer) return "";
  return !pending && asked !== body ? say.earlier() : headline(form, answer.value);
}

/** Return whether an element is below what the window shows. */
function useBelow(element: RefObject<HTMLElement | null>): boolean {
  const [below, setBelow] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([entry]) => setBelow(Boolean(entry && !entry.isIntersecting && entry.boundingClientRect.top > 0)),
      { rootMargin: `0px 0px -${SEEN}px 0px` },
    );
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return below;
}
