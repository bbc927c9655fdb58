/** Sign-in, by the server's method: a token in a field, the issuer's page, or the sentence that says how. */
import { useEffect, useState } from "preact/hooks";
import { type Issuer, arrive, leave, returning } from "../api/pkce";
import { signIn } from "../api/session";
import type { Settings } from "../api/types";
import { texts } from "../i18n";

const say = texts({
  title: ["Sign in", "登录"],
  again: ["Your sign-in has ended. Sign in again to continue where you were.", "登录已失效，请重新登录以继续。"],
  token: ["Token", "令牌"],
  hint: ["The operator of this server gives it to you. It is kept until this page is closed or reloaded.", "由服务器管理员提供，仅保留到页面关闭或刷新为止。"],
  submit: ["Sign in", "登录"],
  iam: [
    "This server accepts programs only: they sign their requests with AWS credentials (Signature Version 4). Its page is for people who sign in with a token; the operator can allow that with ApiAuth=JWT.",
    "此服务器只接受使用 AWS 凭证签名（SigV4）的程序。管理员可以用 ApiAuth=JWT 允许人员登录本页面。",
  ],
  issuer: ["You sign in on {host}, and return to this page.", "您将在 {host} 登录，然后返回本页面。"],
  waiting: ["Signing in…", "正在登录…"],
});

/** `ended`: whether there was a sign-in before, which the server no longer accepts. */
export function SignIn({ settings, ended }: { readonly settings: Settings; readonly ended: boolean }) {
  const method = settings.sign_in;
  return (
    <section class="sign-in card">
      <h1>{say.title()}</h1>
      {ended && <p role="alert">{say.again()}</p>}
      {method.method === "token" && <TokenField />}
      {method.method === "jwt" && <IssuerPage issuer={method} />}
      {method.method === "iam" && <p>{say.iam()}</p>}
    </section>
  );
}

function TokenField() {
  const [token, setToken] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim()) signIn(token.trim());
  };
  return (
    <form onSubmit={submit}>
      <label for="token">{say.token()}</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        aria-describedby="token-hint"
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
      />
      <p id="token-hint" class="faint">
        {say.hint()}
      </p>
      <button class="primary" disabled={!token.trim()}>
        {say.submit()}
      </button>
    </form>
  );
}

function IssuerPage({ issuer }: { readonly issuer: Issuer }) {
  const [waiting, setWaiting] = useState(returning);
  const [fault, setFault] = useState("");
  const run = (step: () => Promise<void>) => {
    setFault("");
    setWaiting(true);
    step().catch((error: unknown) => {
      setFault(error instanceof Error ? error.message : String(error));
      setWaiting(false);
    });
  };
  useEffect(() => {
    if (returning()) run(async () => signIn(await arrive(issuer)));
  }, []);
  return (
    <>
      {fault && <p role="alert">{fault}</p>}
      <p>{say.issuer({ host: new URL(issuer.issuer).host })}</p>
      <button type="button" class="primary" disabled={waiting} onClick={() => run(() => leave(issuer))}>
        {waiting ? say.waiting() : say.submit()}
      </button>
    </>
  );
}
