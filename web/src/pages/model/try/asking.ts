/** A question to the server that follows its input: delayed while the input changes, and only the newest is answered. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer, type ApiError, send } from "../../../api/client";
import { asError, useNextSession } from "../../../api/loading";

/** Milliseconds without a change before a request is sent. */
const DELAY = 250;

interface State<T> {
  readonly answer: Answer<T> | null;
  readonly error: ApiError | null;
  readonly pending: boolean;
  /** The request that the answer or error belongs to. */
  readonly body: string | null;
}

export interface Asked<T> extends State<T> {
  /** Send the request now, or again. */
  readonly ask: () => void;
}

const NOTHING = { answer: null, error: null, pending: false, body: null };

/** Send a body when it changes, or with `live` false only when asked; null asks nothing and has no answer. */
export function useAsked<T>(path: string, body: string | null, live: boolean): Asked<T> {
  const [state, setState] = useState<State<T>>(NOTHING);
  const [attempt, setAttempt] = useState(0);
  const answered = useRef(0);
  useEffect(() => {
    if (body === null) return setState(NOTHING);
    const asked = attempt !== answered.current;
    answered.current = attempt;
    if (!live && !asked) return;
    const controller = new AbortController();
    setState((before) => ({ ...before, pending: true }));
    const timer = setTimeout(() => answer<T>(path, body, controller.signal, setState), asked || !state.body ? 0 : DELAY);
    return () => {
      clearTimeout(timer);
      controller.abort();
      setState((before) => ({ ...before, pending: false }));
    };
  }, [path, body, live, attempt]);
  const ask = () => setAttempt((number) => number + 1);
  useNextSession(state.error, ask);
  return { ...state, ask };
}

async function answer<T>(path: string, body: string, signal: AbortSignal, show: (state: State<T>) => void): Promise<void> {
  try {
    const found = await send<T>(path, { method: "POST", body, headers: { "content-type": "application/json" }, signal });
    if (!signal.aborted) show({ answer: found, error: null, pending: false, body });
  } catch (error) {
    if (!signal.aborted) show({ answer: null, error: asError(error), pending: false, body });
  }
}
