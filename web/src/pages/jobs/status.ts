/** A job as the server describes it. */

export type JobState = "splitting" | "running" | "done" | "failed" | "cancelled" | "closed" | "incomplete";

export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly model: { readonly name: string; readonly version: number };
  /** The address of the file in the bucket. */
  readonly input: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly updated: number;
  readonly rows: { readonly total: number | null; readonly done: number; readonly rejected: number };
  readonly chunks: { readonly total: number | null; readonly done: number };
  readonly progress: number | null;
  readonly rows_per_second: number;
  readonly seconds_left: number | null;
  readonly cost_estimate_usd: number;
  readonly reason?: string;
  /** The key of the receipt, which a finished job has. */
  readonly receipt?: string;
}

export interface Receipt {
  readonly format: string;
  readonly rows: { readonly read: number; readonly scored: number; readonly rejected: number };
  readonly parts: readonly { readonly key: string }[];
  readonly errors: readonly { readonly key: string }[];
  /** Rows of a closed job that were not scored, by chunk. */
  readonly missing?: readonly { readonly first: number; readonly rows: number }[];
}

/** Return whether a job changes by itself. */
export function runs(job: Job): boolean {
  return job.state === "splitting" || job.state === "running";
}

/** Return the name of the file, or of the folder of images. */
export function fileName({ input }: Job): string {
  const parts = input.split("/");
  return decoded(parts.at(-1) || "") || `${parts.at(-2) ?? ""}/`;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
