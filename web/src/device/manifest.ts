/** The part of a bundle's manifest.json that a device needs. */
import { texts } from "../i18n";
import { DeviceError } from "./errors";

const say = texts({
  none: ["This model has no file for devices: {reason}.", "该模型没有可在设备上运行的文件：{reason}。"],
  program: [
    "The server computes this model's inputs before it runs ({operators}), which this page does not do yet.",
    "服务器在运行该模型前会计算其输入（{operators}），本页面尚不支持。",
  ],
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
}

/** A model as a device runs it: its file, the digest of that, and its signature. */
export interface DevicePlan {
  readonly file: string;
  readonly sha256: string;
  readonly signature: Signature;
}

const DTYPES: readonly string[] = ["float32", "int32", "uint8"];
const KINDS: readonly string[] = ["tabular", "image", "number", "boolean"];

export function parseManifest(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    throw new DeviceError(say.broken());
  }
}

/** Return how a device runs a model; raises DeviceError with the reason where it cannot. */
export function planOf(manifest: Manifest): DevicePlan {
  const { device } = manifest;
  if (!device || !("file" in device)) throw new DeviceError(say.none({ reason: device?.reason ?? "" }));
  const signature = manifest.signatures.find(({ name }) => name === device.signature);
  const sha256 = manifest.files[device.file];
  if (!signature || !sha256) throw new DeviceError(say.broken());
  if (device.operators?.length) throw new DeviceError(say.program({ operators: device.operators.slice(0, 3).join(", ") }));
  signature.inputs.forEach(checkInput);
  [...signature.inputs, ...signature.outputs].forEach(checkDtype);
  return { file: device.file, sha256, signature };
}

function checkInput({ name, kind }: Spec): void {
  if (kind && !KINDS.includes(kind.type)) throw new DeviceError(say.kind({ name, kind: kind.type }));
}

function checkDtype({ name, dtype }: Spec): void {
  if (!DTYPES.includes(dtype)) throw new DeviceError(say.dtype({ name, dtype }));
}

/** Return the shape of one row. */
export function rowShape({ shape }: Spec): readonly number[] {
  return shape.slice(1).map((size) => size ?? 1);
}
