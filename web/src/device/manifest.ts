/** The part of a bundle's manifest.json that a device needs. */
import { texts } from "../i18n";
import { linesOf } from "../inputs/items/lines";
import { DeviceError } from "./errors";
import type { ProgramRecord } from "./program/program";

const say = texts({
  none: ["This model has no file for devices: {reason}.", "该模型没有可在设备上运行的文件：{reason}。"],
  kind: ["This page cannot make the input “{name}” of kind {kind} on the device.", "本页面无法在设备上生成类型为 {kind} 的输入“{name}”。"],
  dtype: ["LiteRT.js has no tensors of {dtype}, which “{name}” needs.", "LiteRT.js 没有 {dtype} 类型的张量，而“{name}”需要它。"],
  broken: ["The description of this model cannot be read.", "无法读取该模型的描述。"],
});

/** Type and options of an input, as `src/lightship/inputs` writes them. */
export interface KindRecord {
  readonly type: string;
  readonly [option: string]: unknown;
}

export interface Spec {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
  readonly kind?: KindRecord;
  readonly classes?: readonly string[];
  readonly from_logits?: boolean;
  readonly multi_label?: boolean;
  readonly boxes?: { readonly input: string; readonly points?: readonly string[] };
  /** The file with names of the indices that the tensor holds. */
  readonly names?: { readonly file: string; readonly count: number };
  /** The names in that file; see {@link withItems}. */
  readonly items?: readonly string[];
}

export interface Signature {
  readonly name: string;
  readonly inputs: readonly Spec[];
  readonly outputs: readonly Spec[];
}

export interface Manifest {
  readonly signatures: readonly Signature[];
  readonly files: Readonly<Record<string, string>>;
  readonly device?: { readonly file: string; readonly signature: string; readonly operators?: readonly string[] } | { readonly reason: string };
  /** Programs that compute the model's inputs, by signature. */
  readonly preprocessing?: Readonly<Record<string, ProgramRecord>>;
}

/** A model as a device runs it. */
export interface DevicePlan {
  readonly file: string;
  /** Digests of the files that it needs by path: the model, the constants of its program, names of items. */
  readonly digests: Readonly<Record<string, string>>;
  readonly signature: Signature;
  /** What computes the model's inputs from those of the signature; null where they are equal. */
  readonly program: ProgramRecord | null;
}

/** The file of the constants of programs. */
export const CONSTANTS = "assets/constants.npz";

/** Dtypes of LiteRT.js, of inputs that are sent in them, and of the inputs of programs. */
const DTYPES: readonly string[] = ["float32", "int32", "uint8"];
const INPUT_DTYPES: readonly string[] = [...DTYPES, "int64"];
const PROGRAM_DTYPES: readonly string[] = [...INPUT_DTYPES, "bool", "float64", "string"];
const KINDS: readonly string[] = ["tabular", "image", "number", "boolean", "string", "items"];

export function parseManifest(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    throw new DeviceError(say.broken());
  }
}

/** Return how a device runs a model; raises DeviceError with the reason where it cannot. Loads the operators where it has a program. */
export async function planOf(manifest: Manifest): Promise<DevicePlan> {
  const { device } = manifest;
  if (!device || !("file" in device)) throw new DeviceError(say.none({ reason: device?.reason ?? "" }));
  const signature = manifest.signatures.find(({ name }) => name === device.signature);
  const program = manifest.preprocessing?.[device.signature] ?? null;
  const named = signature ? namesFiles(signature) : [];
  const needed = program && Object.keys(program.constants).length ? [device.file, CONSTANTS, ...named] : [device.file, ...named];
  const digests = Object.fromEntries(needed.map((path) => [path, manifest.files[path] ?? ""]));
  if (!signature || Object.values(digests).includes("")) throw new DeviceError(say.broken());
  if (program) (await import("./program/program")).checkProgram(program);
  signature.inputs.forEach((spec) => checkInput(spec, program ? PROGRAM_DTYPES : INPUT_DTYPES));
  signature.outputs.forEach((spec) => checkDtype(spec, DTYPES));
  return { file: device.file, digests, signature, program };
}

/** Return the files with names of a signature's items. */
function namesFiles({ inputs, outputs }: Signature): readonly string[] {
  return [...new Set([...inputs, ...outputs].flatMap(({ names }) => (names ? [names.file] : [])))];
}

/** Return a signature with the names in the files of a bundle. */
export function withItems(signature: Signature, files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Signature {
  const lists = new Map(namesFiles(signature).map((file) => [file, linesOf(new TextDecoder().decode(files[file]))]));
  const named = (spec: Spec) => (spec.names ? { ...spec, items: lists.get(spec.names.file) ?? [] } : spec);
  return { ...signature, inputs: signature.inputs.map(named), outputs: signature.outputs.map(named) };
}

function checkInput(spec: Spec, dtypes: readonly string[]): void {
  const { name, kind } = spec;
  if (kind && !KINDS.includes(kind.type)) throw new DeviceError(say.kind({ name, kind: kind.type }));
  checkDtype(spec, dtypes);
}

function checkDtype({ name, dtype }: Spec, dtypes: readonly string[]): void {
  if (!dtypes.includes(dtype)) throw new DeviceError(say.dtype({ name, dtype }));
}

/** Return the shape of one row. */
export function rowShape({ shape }: Spec): readonly number[] {
  return shape.slice(1).map((size) => size ?? 1);
}
