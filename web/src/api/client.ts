/** Requests to the API. Every failure is an ApiError whose message is a sentence for people. */
import { texts } from "../i18n";
import { recordAnswer } from "./connection";
import { authorization, expired } from "./session";

const say = texts({
  lost: ["No answer: the server could not be reached.", "没有结果：无法连接服务器。"],
  unexpected: ["The server answered {status} without an explanation.", "服务器返回 {status}，没有说明原因。"],
});

/** Refusals that end by themselves: 408 Request Timeout, 425 Too Early, 429 Too Many Requests. */
const TEMPORARY: readonly number[] = [408, 425, 429];

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** 0 where no answer arrived. */
    readonly status = 0,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later: not where the server refuses it. */
  get temporary(): boolean {
    return this.status < 400 || this.status >= 500 || TEMPORARY.includes(this.status);
  }
}

export interface Answer<T> {
  readonly value: T;
  readonly headers: Headers;
  /** Milliseconds from the request until the whole answer was read. */
  readonly milliseconds: number;
}

/** Return the address of an API path, which is relative to the page. */
export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** Return the path of a model, or of one of its versions. */
export function modelPath(name: string, version?: number | null, rest = ""): string {
  return `models/${encodeURIComponent(name)}${version ? `/versions/${version}` : ""}${rest}`;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send<T>(path, signal ? { signal } : {})).value;
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer<T>> {
  const headers = { "content-type": "application/json" };
  return send<T>(path, { method: "POST", body: JSON.stringify(body), headers, ...(signal && { signal }) });
}

/** Send a request and return its JSON answer; raises ApiError, or AbortError if it was aborted. */
export async function send<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  const begun = performance.now();
  const response = await request(path, init);
  const value = (await json(response)) as T;
  return { value, headers: response.headers, milliseconds: performance.now() - begun };
}

/** Send a request and return its successful response; raises ApiError, or AbortError if it was aborted. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { accept: "application/json", ...init.headers, ...authorization() };
  let response: Response;
  try {
    response = await fetch(address(path), { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    recordAnswer(false);
    throw new ApiError("connection_lost", say.lost());
  }
  recordAnswer(true);
  if (response.ok) return response;
  if (response.status === 401) expired();
  throw await failure(response);
}

async function failure(response: Response): Promise<ApiError> {
  const body = (await json(response).catch(() => null)) as { error?: { code?: string; message?: string }; message?: string } | null;
  const message = body?.error?.message ?? body?.message ?? say.unexpected({ status: response.status });
  return new ApiError(body?.error?.code ?? String(response.status), message, response.status);
}

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new ApiError("not_json", say.unexpected({ status: response.status }), response.status);
  }
}
