/** The contents of a version's report: every part may be absent. */

export interface Estimate {
  readonly value: number;
  readonly low?: number | null;
  readonly high?: number | null;
}
export type Metrics = Readonly<Record<string, Estimate>>;

export interface Curve {
  readonly class: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface Calibration {
  readonly class: string;
  readonly mean: readonly number[];
  readonly share: readonly number[];
  readonly count: readonly number[];
}

export interface Threshold {
  readonly threshold: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly accuracy: number | null;
  /** Rows with at least this probability. */
  readonly predicted: number;
}

export interface Residuals {
  readonly predicted: readonly number[];
  readonly residual: readonly number[];
  readonly histogram: { readonly edges: readonly number[]; readonly counts: readonly number[] };
}

export interface Output {
  readonly output: string;
  readonly task: "classes" | "labels" | "number" | "ranking";
  readonly rows: number;
  readonly excluded?: number;
  readonly classes?: readonly string[];
  readonly metrics?: Metrics;
  readonly absent?: Readonly<Record<string, string>>;
  readonly compiled_metrics?: Readonly<Record<string, number>>;
  readonly per_class?: readonly ({ readonly class: string; readonly support: number } & Readonly<Record<string, unknown>>)[];
  /** Rows by target (first) and prediction. */
  readonly confusion?: readonly (readonly number[])[];
  readonly curves?: { readonly roc?: readonly Curve[]; readonly pr?: readonly Curve[]; readonly calibration?: readonly Calibration[] };
  readonly thresholds?: readonly Threshold[];
  readonly residuals?: Residuals;
}

export interface Slice {
  readonly column: string;
  readonly values: readonly { readonly value: unknown; readonly rows: number; readonly metrics: Metrics }[];
}

export interface Mistake {
  readonly row: number;
  readonly place?: string;
  readonly target: unknown;
  readonly predicted: unknown;
  readonly loss: number;
  readonly cells?: Readonly<Record<string, unknown>>;
  readonly image?: string;
}

export interface Candidate {
  readonly name: string;
  readonly error?: string;
  readonly bytes?: number;
  readonly transfer_bytes?: number;
  readonly largest_difference?: number | null;
  readonly metric?: string;
  readonly value?: number | null;
  readonly change?: number | null;
  readonly within?: boolean | null;
}

export interface Compression {
  readonly rule?: string;
  readonly chosen: string;
  readonly reason?: string;
  readonly candidates: readonly Candidate[];
}

export interface Feature {
  readonly name: string;
  readonly missing?: number;
  readonly mean?: number;
  readonly std?: number;
  readonly min?: number;
  readonly max?: number;
  readonly quantiles?: readonly number[];
  readonly categories?: Readonly<Record<string, number>>;
  readonly others?: number;
}

export interface Data {
  readonly name: string;
  readonly sha256?: string;
  readonly rows: number;
  readonly skipped?: number;
  readonly excluded?: number;
}

export interface Content {
  readonly card?: Readonly<Record<string, string>>;
  readonly evaluation?: {
    readonly data?: Data;
    readonly outputs?: readonly Output[];
    readonly slices?: readonly Slice[];
    readonly worst?: readonly Mistake[];
  };
  readonly importance?: { readonly method: string; readonly features: readonly { readonly feature: string; readonly importance: number }[] };
  readonly compression?: Compression;
  readonly baseline?: { readonly features: readonly Feature[] };
}

export interface Measured {
  /** Seconds for 1 and 32 rows. */
  readonly p50_1?: number;
  readonly p50_32?: number;
  readonly peak_bytes?: number;
}

export interface Measurements {
  readonly compiled?: string;
  readonly candidates?: Readonly<Record<string, Measured>>;
}

/** The answer to `GET models/NAME/versions/V/report?format=json`. */
export interface Report {
  readonly model: string;
  readonly version: number;
  readonly report: Content;
  readonly measurements?: Measurements;
}
