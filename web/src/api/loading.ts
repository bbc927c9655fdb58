/** A value that is being loaded, for components. */
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "./client";
import { onSessionChange, signedIn } from "./session";

export type Loaded<T> = { readonly state: "loading" } | { readonly state: "failed"; readonly error: ApiError } | { readonly state: "ready"; readonly value: T };

/** Load a value when one of the inputs changes; `again` loads it once more. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): readonly [Loaded<T>, () => void] {
  const [current, setCurrent] = useState<Loaded<T>>({ state: "loading" });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setCurrent({ state: "loading" });
    load(controller.signal).then(
      (value) => controller.signal.aborted || setCurrent({ state: "ready", value }),
      (error: unknown) => controller.signal.aborted || setCurrent({ state: "failed", error: asError(error) }),
    );
    return () => controller.abort();
  }, [...inputs, attempt]);
  const again = () => setAttempt((number) => number + 1);
  useNextSession(current.state === "failed" ? current.error : null, again);
  return [current, again];
}

/** Ask again after the next sign-in where the last error was that the sign-in had ended. */
export function useNextSession(error: ApiError | null, again: () => void): void {
  const ended = error?.status === 401;
  useEffect(() => (ended ? onSessionChange(() => void (signedIn() && again())) : undefined), [ended]);
}

export function asError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("page", error instanceof Error ? error.message : String(error));
}
