/** Texts to copy. */
import { useState } from "preact/hooks";
import { texts } from "../i18n";

const say = texts({
  copy: ["Copy", "复制"],
  copied: ["Copied", "已复制"],
  failed: ["Select the text to copy it", "请选择文本后复制"],
});

/** Show code with a button that copies it. */
export function Copyable({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, setSaid] = useState("");
  return (
    <div class="copyable">
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <button type="button" onClick={async () => setSaid((await copied(text)) ? say.copied() : say.failed())}>
        {say.copy()}
      </button>
      <span class="hint" role="status">
        {said}
      </span>
    </div>
  );
}

/** Copy a text; returns whether the browser allowed it. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text); // absent without HTTPS
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text: string): boolean {
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
