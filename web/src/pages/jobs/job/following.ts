/** Follow a job until it ends: often while it moves, seldom while it waits, not at all while the page is hidden. */
import { useEffect, useState } from "preact/hooks";
import { type ApiError, get } from "../../../api/client";
import { asError, useNextSession } from "../../../api/loading";
import { type Job, runs } from "../status";

const SHORTEST = 700;
const LONGEST = 10_000;

export interface Followed {
  readonly job: Job | null;
  /** The last request failed; it is repeated where `isRepeated`. */
  readonly error: ApiError | null;
  /** Ask now, such as after the job was changed. */
  readonly again: () => void;
}

export function useJob(id: string): Followed {
  const [state, setState] = useState<Omit<Followed, "again">>({ job: null, error: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    void follow(id, controller.signal, setState);
    return () => controller.abort();
  }, [id, attempt]);
  const again = () => setAttempt((number) => number + 1);
  useNextSession(state.error, again);
  return { ...state, again };
}

/** Return whether a request that failed is repeated: not where the answer would be the same. */
export function isRepeated({ status }: ApiError): boolean {
  return status < 400 || status >= 500 || status === 429;
}

type Show = (update: (before: Omit<Followed, "again">) => Omit<Followed, "again">) => void;

async function follow(id: string, signal: AbortSignal, show: Show): Promise<void> {
  let delay = SHORTEST;
  let seen = "";
  while (!signal.aborted) {
    try {
      const job = await get<Job>(`jobs/${encodeURIComponent(id)}`, signal);
      if (signal.aborted) return;
      show(() => ({ job, error: null }));
      if (!runs(job)) return;
      const now = JSON.stringify([job.state, job.rows, job.chunks]);
      delay = now === seen ? Math.min(LONGEST, delay * 1.5) : SHORTEST;
      seen = now;
    } catch (error) {
      if (signal.aborted) return;
      const failure = asError(error);
      show(({ job }) => ({ job, error: failure }));
      if (!isRepeated(failure)) return;
      delay = Math.min(LONGEST, delay * 2);
    }
    await pause(delay);
    await visible();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    window.addEventListener("online", () => resolve(), { once: true });
  });
}

function visible(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", () => resolve(), { once: true }));
}
