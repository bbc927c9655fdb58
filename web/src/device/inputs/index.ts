/** Inputs of a request on the device: `{"input": …}` to tensors by name. Adding a kind: a file, an entry here, test vectors. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import type { Spec } from "../manifest";
import type { Tensor } from "../tensor";
import { BOOLEAN } from "./boolean";
import { IMAGE } from "./image/image";
import { ITEMS } from "./items";
import { type DeviceKind, isRecord, missing, onlyRow } from "./kind";
import { NUMBER, PLAIN } from "./plain";
import { STRING } from "./string";
import { TABULAR } from "./tabular";

const say = texts({
  body: ['On the device the request must be {"input": …}, without other fields.', '在设备上请求必须为 {"input": …}，不能有其他字段。'],
  unknown: ["There is no input “{name}”.", "没有名为“{name}”的输入。"],
});

const KINDS: Readonly<Record<string, DeviceKind>> = { tabular: TABULAR, image: IMAGE, number: NUMBER, boolean: BOOLEAN, string: STRING, items: ITEMS };

/** Kinds of inputs that may be absent. */
const OPTIONAL: readonly DeviceKind[] = [NUMBER, BOOLEAN, STRING, ITEMS];

/** Return the tensors of a request's body; raises DeviceError. */
export async function decodeBody(body: string, specs: readonly Spec[]): Promise<Record<string, Tensor>> {
  const values = valuesOf(inputOf(body), specs);
  const tensors = await Promise.all(specs.map(async (spec) => [spec.name, await decode(values[spec.name], spec)] as const));
  return Object.fromEntries(tensors);
}

function decode(value: unknown, spec: Spec): Tensor | Promise<Tensor> {
  const kind = (spec.kind && KINDS[spec.kind.type]) ?? (spec.dtype === "string" ? STRING : PLAIN);
  if (value === undefined && !OPTIONAL.includes(kind)) throw missing(spec.name);
  return kind.decode(value, spec);
}

function inputOf(body: string): unknown {
  const record: unknown = JSON.parse(body);
  if (!isRecord(record) || Object.keys(record).join() !== "input") throw new DeviceError(say.body());
  return record.input;
}

/** Return a value for each input: of an object by name, of a list with one such object, or of the only input. */
function valuesOf(value: unknown, specs: readonly Spec[]): Readonly<Record<string, unknown>> {
  const [only] = specs;
  const row = Array.isArray(value) && isRecord(value[0]) ? onlyRow(value) : value;
  if (only && specs.length === 1 && !namesInput(row, only)) return { [only.name]: value };
  if (!isRecord(row)) throw new DeviceError(say.body());
  const unknown = Object.keys(row).find((name) => !specs.some((spec) => spec.name === name));
  if (unknown !== undefined) throw new DeviceError(say.unknown({ name: unknown }));
  return row;
}

function namesInput(row: unknown, spec: Spec): boolean {
  if (!isRecord(row) || Object.keys(row).join() !== spec.name) return false;
  return !((spec.kind?.columns ?? []) as readonly string[]).includes(spec.name);
}
