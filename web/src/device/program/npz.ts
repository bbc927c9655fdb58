/** Constants of programs: `assets/constants.npz`, as `src/lightship/tensors/archive.py` writes it. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import { type Dtype, type Entry, type Tensor, Unsuitable, doubles, integers, made, madeStrings, sizeOf } from "./values";

const say = texts({
  broken: ["The constants of the preprocessing cannot be read: {reason}", "无法读取预处理的常量：{reason}"],
});

/** Return the arrays of a file by name; raises DeviceError. */
export async function readArrays(file: Uint8Array<ArrayBuffer>): Promise<ReadonlyMap<string, Tensor>> {
  try {
    const entries = new Map<string, Tensor>();
    for (const [name, content] of await unzipped(file)) entries.set(name.replace(/\.npy$/, ""), npy(content));
    return named(entries);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError(say.broken({ reason: error instanceof Error ? error.message : String(error) }));
  }
}

/** Return arrays with strings in place of their offsets, bytes and shapes. */
function named(entries: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const arrays = new Map<string, Tensor>();
  for (const [name, array] of entries) {
    if (name.endsWith("|shape")) arrays.set(name.slice(0, -6), stringsOf(entries, name.slice(0, -6)));
    else if (!/\|(offsets|bytes)$/.test(name)) arrays.set(name, array);
  }
  return arrays;
}

function stringsOf(entries: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const [offsets, bytes] = [integers(entries.get(`${name}|offsets`)), doubles(entries.get(`${name}|bytes`))];
  const data = offsets.slice(1).map((end, index) => latin(bytes.slice(offsets[index], end)));
  return madeStrings(integers(entries.get(`${name}|shape`)), data);
}

function latin(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

async function unzipped(file: Uint8Array<ArrayBuffer>): Promise<readonly (readonly [name: string, content: Uint8Array<ArrayBuffer>])[]> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let end = file.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  const found = [];
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    const [method, packed, nameLength] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint16(at + 28, true)];
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = file.slice(start, start + packed);
    found.push([latin(file.subarray(at + 46, at + 46 + nameLength)), method === 8 ? await inflated(content) : content] as const);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

async function inflated(content: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Dtypes by numpy's description; files are little-endian. */
const DTYPES: Readonly<Record<string, Dtype>> = { "|b1": "bool", "|u1": "uint8", "<i4": "int32", "<i8": "int64", "<f4": "float32", "<f8": "float64" };

function npy(content: Uint8Array<ArrayBuffer>): Tensor {
  const view = new DataView(content.buffer);
  const wide = content[6] === 1 ? 2 : 4; // bytes of the header's length, by version
  const length = wide === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = latin(content.subarray(8 + wide, 8 + wide + length));
  const [, descr = ""] = /'descr': '([^']*)'/.exec(header) ?? [];
  const [, sizes = ""] = /'shape': \(([^)]*)\)/.exec(header) ?? [];
  const dtype = DTYPES[descr];
  if (!dtype) throw new Unsuitable(`an array of ${descr}`);
  const shape = sizes.split(",").flatMap((size) => (size.trim() ? [Number(size)] : []));
  const values = entries(dtype, content.buffer.slice(8 + wide + length));
  return made(dtype, shape, header.includes("'fortran_order': True") ? transposed(values, shape) : values);
}

function entries(dtype: Dtype, buffer: ArrayBuffer): ArrayLike<Entry> {
  if (dtype === "int64") return new BigInt64Array(buffer);
  if (dtype === "int32") return new Int32Array(buffer);
  if (dtype === "float32") return new Float32Array(buffer);
  return dtype === "float64" ? new Float64Array(buffer) : new Uint8Array(buffer);
}

/** Return the entries of an array in row-major order. */
function transposed(values: ArrayLike<Entry>, shape: readonly number[]): readonly Entry[] {
  return Array.from({ length: sizeOf(shape) }, (_, index) => {
    let rest = index;
    const place = [...shape].reverse().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    return values[place.reverse().reduceRight((position, at, axis) => position * (shape[axis] as number) + at, 0)] as Entry;
  });
}
