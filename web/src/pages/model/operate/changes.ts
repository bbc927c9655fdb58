/** Changes of a model's labels and traffic: one at a time, and what became of it. */
import { useState } from "preact/hooks";
import { get, modelPath, post } from "../../../api/client";
import { asError } from "../../../api/loading";
import type { ModelDetails } from "../../../api/types";

export type Path = "label" | "traffic" | "mirror" | "rollback";

export interface Changes {
  readonly pending: boolean;
  /** The path of the change that has succeeded last. */
  readonly done: Path | "";
  /** How many changes have ended, with or without success. */
  readonly ended: number;
  /** Why the last change failed; empty after a success. */
  readonly problem: string;
  readonly change: (path: Path, body: unknown) => Promise<void>;
}

/** `show` receives the server's state after each change, also after one that failed. */
export function useChanges(name: string, show: (model: ModelDetails) => void): Changes {
  const [state, setState] = useState<Omit<Changes, "change">>({ pending: false, done: "", ended: 0, problem: "" });
  const change = async (path: Path, body: unknown) => {
    const end = (done: Path | "", problem: string) => setState(({ ended }) => ({ pending: false, done, ended: ended + 1, problem }));
    setState(({ ended }) => ({ pending: true, done: "", ended, problem: "" }));
    try {
      show((await post<ModelDetails>(modelPath(name, null, `/${path}`), body)).value);
      end(path, "");
    } catch (error) {
      end("", asError(error).message);
      await get<ModelDetails>(modelPath(name)).then(show, () => {}); // the problem above is already shown
    }
  };
  return { ...state, change };
}
