/**
 * Sign-in on the issuer's page: the authorization code flow with PKCE (RFC 7636).
 *
 * Tokens come by a request of the page, never in an address, and are kept in memory only. What must survive the way to
 * the issuer and back (verifier, state, the page's fragment) is in sessionStorage, and is removed when it is read.
 */
import { texts } from "../i18n";
import type { Settings } from "./types";

export type Issuer = Extract<Settings["sign_in"], { method: "jwt" }>;

interface Endpoints {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

interface Pending {
  readonly verifier: string;
  readonly state: string;
  readonly fragment: string;
}

const KEY = "lightship.sign-in";

const say = texts({
  unreachable: ["The sign-in page {issuer} cannot be reached. Try again later.", "无法访问登录页面 {issuer}，请稍后重试。"],
  refused: ["The sign-in was not completed: {reason}.", "登录未完成：{reason}。"],
  foreign: ["This sign-in was not started by this page. Start again.", "此登录不是由本页面发起的，请重新登录。"],
  insecure: ["Signing in needs HTTPS or localhost. This page was opened without it.", "登录需要 HTTPS 或 localhost，而本页面不是。"],
});

/** The address to which the issuer returns: that of the page, without query and fragment. */
export function redirectAddress(): string {
  return new URL(".", document.baseURI).href;
}

/** Leave for the issuer's page; raises Error with a sentence. */
export async function leave(issuer: Issuer): Promise<void> {
  if (!window.isSecureContext) throw new Error(say.insecure());
  const { authorization_endpoint } = await endpoints(issuer);
  const pending: Pending = { verifier: random(), state: random(), fragment: window.location.hash };
  sessionStorage.setItem(KEY, JSON.stringify(pending));
  const address = new URL(authorization_endpoint);
  const query = {
    response_type: "code",
    client_id: issuer.client,
    redirect_uri: redirectAddress(),
    scope: issuer.scope,
    state: pending.state,
    code_challenge: await challenge(pending.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  window.location.assign(address);
}

/** Whether the issuer has sent the browser back to this page. */
export function returning(): boolean {
  const query = new URLSearchParams(window.location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
}

/** Exchange the code in the address for a token, and restore the page's fragment; raises Error with a sentence. */
export async function arrive(issuer: Issuer): Promise<string> {
  const query = new URLSearchParams(window.location.search);
  const pending = take();
  window.history.replaceState(null, "", redirectAddress() + (pending?.fragment ?? ""));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  if (!pending || pending.state !== query.get("state")) throw new Error(say.foreign());
  const code = query.get("code");
  if (!code) throw new Error(say.refused({ reason: query.get("error_description") ?? query.get("error") ?? "" }));
  return exchange(issuer, code, pending.verifier);
}

async function exchange(issuer: Issuer, code: string, verifier: string): Promise<string> {
  const { token_endpoint } = await endpoints(issuer);
  const form = {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectAddress(),
    client_id: issuer.client,
    code_verifier: verifier,
  };
  const answer = await json(issuer, token_endpoint, { method: "POST", body: new URLSearchParams(form) });
  const token = chosen(answer);
  if (!token) throw new Error(say.refused({ reason: String(answer.error_description ?? answer.error ?? "no token") }));
  return token;
}

/** Return the access token if it is a JWT, which API Gateway requires, else the id token. */
function chosen(answer: Record<string, unknown>): string {
  const { access_token: access, id_token: id } = answer;
  if (typeof access === "string" && access.split(".").length === 3) return access;
  return typeof id === "string" ? id : "";
}

async function endpoints(issuer: Issuer): Promise<Endpoints> {
  const address = `${issuer.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  return (await json(issuer, address)) as unknown as Endpoints;
}

async function json(issuer: Issuer, address: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  try {
    return (await (await fetch(address, { ...init, referrerPolicy: "no-referrer" })).json()) as Record<string, unknown>;
  } catch {
    throw new Error(say.unreachable({ issuer: new URL(issuer.issuer).host }));
  }
}

function take(): Pending | null {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return stored ? (JSON.parse(stored) as Pending) : null;
}

function random(): string {
  return encoded(crypto.getRandomValues(new Uint8Array(32)));
}

async function challenge(verifier: string): Promise<string> {
  return encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** Return bytes as base64url without padding. */
function encoded(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
