/** Answers of the API that the page reads. */

export interface Settings {
  readonly version: string;
  readonly sign_in:
    | { readonly method: "none" | "token" | "iam" }
    | { readonly method: "jwt"; readonly issuer: string; readonly client: string; readonly scope: string };
  /** Whether callers may change labels and traffic. */
  readonly admin: boolean;
  /** Whether there is a stack that scores files. */
  readonly jobs: boolean;
  /** The largest body of a request in bytes. */
  readonly max_body: number;
}

export interface ModelSummary {
  readonly name: string;
  readonly version: number | null;
  readonly versions: readonly number[];
  readonly state: "available" | "failed";
  readonly default?: boolean;
  readonly error?: string;
  readonly answering?: number;
  readonly withdrawn?: readonly number[];
  readonly digest?: string;
  readonly engine?: string;
  /** Size of the files that predictions need, in bytes. */
  readonly bytes?: number;
  /** Kinds of the inputs of the default signature. */
  readonly kinds?: readonly Kind[];
  readonly purpose?: string;
  /** Whether the default version has a report; absent where its manifest cannot be read. */
  readonly report?: boolean;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, number>>;
  /** Percent of the requests by version; empty without a split. */
  readonly traffic: Readonly<Record<string, number>>;
  /** Fraction of the requests that are mirrored, by version. */
  readonly mirrored: Readonly<Record<string, number>>;
}

export interface ModelDetails extends ModelSummary {
  readonly card?: Readonly<Record<string, string>>;
  readonly shadows?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export type Kind = "tabular" | "image" | "text" | "items" | "tensor" | "example";

export interface Column {
  readonly name: string;
  readonly type: "number" | "integer" | "boolean" | "category" | "date" | "string";
  /** Values of a category. */
  readonly values?: readonly (string | number | boolean)[];
  /** The range in the report's data, else in the recorded rows; values outside are allowed. */
  readonly low?: number;
  readonly high?: number;
  /** Where the range comes from; forms that an earlier release stored offline do not say it. */
  readonly source?: "report" | "recorded";
  /** Whether the value may be missing. */
  readonly optional?: boolean;
}

export interface InputField {
  readonly name: string;
  readonly kind: Kind;
  readonly dtype: string;
  /** Sizes, with null for any; the first is that of the batch. */
  readonly shape: readonly (number | null)[];
  readonly optional?: boolean;
  readonly columns?: readonly Column[];
  /** Of an image. */
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  /** Of a text: the characters or tokens that the model reads, where it has a limit. */
  readonly tokens?: number;
  /** Of items: the file with their names, how many these are, and the most items where there is a limit. */
  readonly names?: string;
  readonly count?: number;
  readonly most?: number;
}

export interface OutputField {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
  readonly classes?: readonly string[];
  /** Of boxes in an image: the input that is the image, and the names of points. */
  readonly boxes?: { readonly input: string; readonly points?: readonly string[] };
  /** The file with the names that the answer has. */
  readonly names?: string;
  /** Of ranked names: the outputs with their scores, and with the names because of which each one is ranked. */
  readonly scores?: string;
  readonly reasons?: string;
}

export interface DeviceFile {
  /** Below the version: `models/NAME/versions/V/PATH`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a page needs to make a form for a model. */
export interface Form {
  readonly model: string;
  readonly version: number;
  readonly signature: string;
  readonly inputs: readonly InputField[];
  readonly outputs: readonly OutputField[];
  /** Recorded rows: values for `{"input": …}`. */
  readonly examples: readonly unknown[];
  readonly media_types: readonly string[];
  /** Names or numbers of what can be explained; empty where the output is one number, null where nothing can be. */
  readonly targets: readonly (string | number)[] | null;
  readonly device: { readonly files: readonly DeviceFile[] } | { readonly reason: string };
}

/** A box in an image, in fractions of its height and width; null stands for a number that is not finite. */
export interface Box {
  /** Upper, left, lower and right edge. */
  readonly box: readonly [ymin: number | null, xmin: number | null, ymax: number | null, xmax: number | null];
  readonly score: number;
  readonly points?: Readonly<Record<string, readonly [x: number | null, y: number | null]>>;
}

/** Values of each row: of the only output that has such values, or by output. */
type Rows<T> = readonly T[] | Readonly<Record<string, readonly T[]>>;

export interface Prediction {
  readonly model: string;
  readonly version: number;
  readonly predictions: unknown;
  readonly classes?: Rows<Readonly<Record<string, number>>>;
  readonly boxes?: Rows<readonly Box[]>;
}

export interface Explanation {
  readonly method: string;
  readonly output: string;
  readonly target: string | number | null;
  readonly prediction: number;
  readonly base: number;
  readonly scale: string;
  readonly error: number;
  readonly evaluations: number;
  readonly attributions: Readonly<Record<string, number | readonly number[] | readonly (readonly number[])[] | readonly { token: string; value: number }[]>>;
}

export interface HistoryEntry {
  readonly number: number;
  readonly change: string;
  readonly at: string | null;
  readonly labels: Readonly<Record<string, number>>;
  readonly traffic: Readonly<Record<string, number>>;
  readonly mirrored: Readonly<Record<string, number>>;
  readonly current: boolean;
}

export interface History {
  readonly entries: readonly HistoryEntry[];
  /** The entry that a rollback restores. */
  readonly previous: number | null;
}
