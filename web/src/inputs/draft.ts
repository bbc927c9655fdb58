/** What is in the form of a model, and the request that it makes. */
import type { Form, InputField } from "../api/types";
import { texts } from "../i18n";
import type { Problems, Raw } from "./kind";
import { kindOf } from "./kinds";
import { parsed } from "./shape";

const say = texts({
  object: ['The body must be an object: {"input": …}.', '请求体必须是对象：{"input": …}。'],
  tooLarge: ["The request has {size} MB; the server takes {limit} MB.", "请求大小为 {size} MB，服务器上限为 {limit} MB。"],
});

export interface Draft {
  /** Whether the body is written as JSON instead of the form. */
  readonly asJson: boolean;
  /** The form, by input. */
  readonly raws: Readonly<Record<string, Raw>>;
  readonly json: string;
}

/** A draft that was read: the body to send, null where it cannot be sent, and why. */
export interface Reading {
  readonly body: string | null;
  /** By input. */
  readonly problems: Readonly<Record<string, Problems>>;
  /** Of the whole body. */
  readonly problem: string | null;
}

/** Whether one row can be sent: a model with a fixed batch takes its recorded rows as JSON only. */
export function hasFields(form: Form): boolean {
  return form.inputs.length > 0 && form.inputs.every(({ shape }) => (shape[0] ?? 1) === 1);
}

/** Return the draft of the first recorded row, or an empty one. */
export function firstDraft(form: Form): Draft {
  const empty = { asJson: !hasFields(form), raws: mapped(form, (field) => kindOf(field).start(field)), json: '{"input": }' };
  return form.examples.length ? filled(form, empty, form.examples[0]) : empty;
}

/** Return a draft with a recorded row. */
export function filled(form: Form, draft: Draft, example: unknown): Draft {
  const raws = mapped(form, (field) => kindOf(field).fill(field, partOf(form, field, example)));
  return { asJson: draft.asJson, raws, json: JSON.stringify({ input: example }) };
}

/** Return the part of a recorded row that belongs to an input. */
export function partOf(form: Form, field: InputField, example: unknown): unknown {
  const row: unknown = Array.isArray(example) && form.inputs.length > 1 ? example[0] : example;
  const named = typeof row === "object" && row !== null && !Array.isArray(row) && field.name in row;
  return named && (form.inputs.length > 1 || !field.columns) ? (row as Record<string, unknown>)[field.name] : row;
}

/** Return the image of an input in a request as base64; empty where there is none. */
export function imageIn(form: Form, input: string, body: string | null): string {
  const field = form.inputs.find(({ name, kind }) => name === input && kind === "image");
  if (!field || body === null) return "";
  const { value } = parsed(body);
  const row = typeof value === "object" && value !== null && "input" in value ? value.input : null;
  return kindOf(field).fill(field, partOf(form, field, row)).b64 ?? "";
}

/** Return the draft with its form written as JSON, or without change where the form cannot be sent. */
export function asJson(form: Form, draft: Draft, limit: number): Draft {
  const { body } = read(form, draft, limit);
  return { ...draft, asJson: true, json: body ?? draft.json };
}

/** Return the body of a draft, or why it has none; `limit` is the largest body in bytes. */
export function read(form: Form, draft: Draft, limit: number): Reading {
  const reading = draft.asJson ? readJson(draft.json) : readForm(form, draft);
  const size = reading.body?.length ?? 0;
  if (size <= limit) return reading;
  return { ...reading, body: null, problem: say.tooLarge({ size: (size / 1e6).toFixed(1), limit: (limit / 1e6).toFixed(1) }) };
}

function readJson(text: string): Reading {
  const { value, problem } = parsed(text);
  const wrong = problem ?? (typeof value !== "object" || value === null || Array.isArray(value) ? say.object() : null);
  return { body: wrong ? null : text, problems: {}, problem: wrong };
}

function readForm(form: Form, draft: Draft): Reading {
  const reads = form.inputs.map((field) => [field.name, kindOf(field).read(field, draft.raws[field.name] ?? {})] as const);
  const problems = Object.fromEntries(reads.map(([name, { problems: found }]) => [name, found]));
  const sendable = reads.every(([, { problems: found }]) => Object.keys(found).length === 0);
  const row = form.inputs.length === 1 ? reads[0]?.[1].value : Object.fromEntries(reads.map(([name, { value }]) => [name, value]));
  return { body: sendable ? JSON.stringify({ input: [row] }) : null, problems, problem: null };
}

function mapped(form: Form, raw: (field: InputField) => Raw): Record<string, Raw> {
  return Object.fromEntries(form.inputs.map((field) => [field.name, raw(field)]));
}
