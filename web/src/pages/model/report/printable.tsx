/** The report as a page of its own, for printing and sending. */
import { useState } from "preact/hooks";
import { address, request } from "../../../api/client";
import { asError } from "../../../api/loading";
import { authorization } from "../../../api/session";
import { texts } from "../../../i18n";

const say = texts({ open: ["Printable page", "可打印页面"], blocked: ["The browser did not open the page: allow it to open windows.", "浏览器阻止了新窗口，请允许打开。"] });

export function Printable({ path }: { readonly path: string }) {
  const [problem, setProblem] = useState("");
  if (!Object.keys(authorization()).length) {
    return (
      <a href={address(`${path}?format=html`)} target="_blank" rel="noopener">
        {say.open()}
      </a>
    );
  }
  // A link cannot send a token, and a token must not be in an address.
  const open = () => opened(path).then(setProblem, (error: unknown) => setProblem(asError(error).message));
  return (
    <>
      <button type="button" onClick={open}>
        {say.open()}
      </button>
      {problem && <span role="alert">{problem}</span>}
    </>
  );
}

/** Open the page in a window; returns a sentence if it cannot. */
async function opened(path: string): Promise<string> {
  const shown = window.open("", "_blank"); // before waiting: browsers block windows that no click opened
  try {
    const page = await (await request(path, { headers: { accept: "text/html" } })).blob();
    const url = URL.createObjectURL(page);
    if (!shown) return say.blocked();
    shown.location.href = url;
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    return "";
  } catch (error) {
    shown?.close();
    throw error;
  }
}
