/** Copy a link to this page with its input. */
import { useState } from "preact/hooks";
import type { Form } from "../../../api/types";
import { copied } from "../../../components/copy";
import type { Draft } from "../../../inputs/draft";
import { texts } from "../../../i18n";
import { to } from "../../../router";
import { linked } from "./fragment";

const say = texts({
  copy: ["Copy a link", "复制链接"],
  copied: ["Copied. The link contains the input.", "已复制，链接包含输入内容。"],
  partial: ["Copied. The link leaves out what is too large for an address, such as the image.", "已复制。链接不包含过大的内容，例如图像。"],
  failed: ["The browser does not allow copying. The link is in the address bar.", "浏览器不允许复制，链接已显示在地址栏中。"],
});

interface Props {
  readonly form: Form;
  readonly draft: Draft;
  readonly version: number | null;
}

export function CopyLink({ form, draft, version }: Props) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    const { input, partial } = await linked(form, draft);
    const fragment = to(["models", form.model, "try"], { version: version ? String(version) : "", input });
    const done = await copied(new URL(fragment, window.location.href).href);
    if (!done) window.history.replaceState(null, "", fragment);
    setSaid(done ? (partial ? say.partial() : say.copied()) : say.failed());
  };
  return (
    <>
      <button type="button" onClick={copy}>
        {say.copy()}
      </button>
      <span class="hint" role="status">
        {said}
      </span>
    </>
  );
}
