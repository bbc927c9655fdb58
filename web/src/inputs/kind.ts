/** What a form knows of each kind of input. */
import type { ComponentChildren } from "preact";
import type { Form, InputField } from "../api/types";

/** What was typed or chosen for one input, by the part of the input. */
export type Raw = Readonly<Record<string, string>>;

/** Sentences by the part of the input that cannot be sent. */
export type Problems = Readonly<Record<string, string>>;

/** The JSON value of one row of an input; undefined where the input is left out. */
export interface Read {
  readonly value: unknown;
  readonly problems: Problems;
}

export interface EditProps {
  readonly form: Form;
  readonly field: InputField;
  readonly raw: Raw;
  readonly problems: Problems;
  readonly onChange: (raw: Raw) => void;
  /** The recorded rows of this input. */
  readonly examples: readonly Raw[];
}

export interface InputKind {
  /** Return the input of an empty form. */
  readonly start: (field: InputField) => Raw;
  /** Return the input of a recorded row: a row, or a list with one row. */
  readonly fill: (field: InputField, example: unknown) => Raw;
  readonly read: (field: InputField, raw: Raw) => Read;
  readonly Edit: (props: EditProps) => ComponentChildren;
}

/** Return an identifier for elements of a field, without characters that references cannot have. */
export function elementId(...parts: readonly string[]): string {
  return `in-${parts.map(encodeURIComponent).join("-").replace(/[^\w-]/g, "_")}`;
}
