/** A value that is being loaded, for components. */
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "./client";

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
  return [current, () => setAttempt((number) => number + 1)];
}

export function asError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("page", error instanceof Error ? error.message : String(error));
}
