/** LiteRT.js: loaded when a model runs for the first time, because it is larger than the rest of the page. */
import script from "@litertjs/core/wasm/litert_wasm_compat_internal.js?url";
import binary from "@litertjs/core/wasm/litert_wasm_compat_internal.wasm?url";
import type { CompiledModel, LiteRt } from "@litertjs/core";
import { texts } from "../i18n";
import { DeviceError } from "./errors";
import { type Doubles, type Numbers, type Tensor, arrayOf } from "./tensor";

const say = texts({
  wasm: ["This browser has no WebAssembly, or this page may not use it.", "浏览器不支持 WebAssembly，或本页面无权使用它。"],
  file: ["a file did not arrive", "文件未能下载"],
  load: ["LiteRT.js, which runs models in the browser, could not be loaded: {reason}", "无法加载在浏览器中运行模型的 LiteRT.js：{reason}"],
  memory: ["The model does not fit in the memory of this page.", "该模型超出页面可用内存。"],
  dtype: ["The model needs “{name}” as {dtype}, which LiteRT.js does not have.", "该模型需要 {dtype} 类型的“{name}”，而 LiteRT.js 不支持该类型。"],
  range: ["“{name}” has {value}, which is outside the range of int32 that models on devices take.", "“{name}”的值 {value} 超出设备端模型可接受的 int32 范围。"],
  model: ["LiteRT.js cannot run this model: {reason}", "LiteRT.js 无法运行该模型：{reason}"],
});

/** What browsers say of WebAssembly that the page's policy forbids; emscripten reports it as an abortion. */
const FORBIDDEN = /content security policy|blocked by csp|unsafe-eval/i;

/** Addresses of the files beside the page's scripts that an offline page needs. */
export const LITERT_FILES: readonly string[] = [script, binary];

/** A model that runs in this page; `close` frees its memory. */
export interface Runner {
  readonly run: (inputs: Readonly<Record<string, Tensor>>) => Promise<Record<string, Numbers>>;
  readonly close: () => void;
}

let loading: Promise<LiteRt> | null = null;

/** Load a model's file; raises DeviceError. */
export async function runnerOf(file: Uint8Array): Promise<Runner> {
  const library = await loaded();
  const { Tensor: LiteRtTensor } = await import("@litertjs/core");
  const model = await compiled(library, file);
  return { run: (inputs) => run(model, inputs, LiteRtTensor), close: () => model.delete() };
}

async function loaded(): Promise<LiteRt> {
  if (typeof WebAssembly !== "object") throw new DeviceError(say.wasm());
  loading ??= load();
  try {
    return await loading;
  } catch (error) {
    loading = null; // the next call tries again: the connection may be back
    throw explained(error, say.load);
  }
}

async function load(): Promise<LiteRt> {
  const { loadLiteRt } = await import("@litertjs/core");
  // The names of the files have a hash, so the script cannot find its binary by itself. It logs every model that it loads.
  const quiet = { print: () => undefined, printErr: () => undefined };
  Object.assign(globalThis, { Module: { locateFile: () => new URL(binary, document.baseURI).href, ...quiet } });
  try {
    return await loadLiteRt(new URL(script, document.baseURI).href);
  } catch (error) {
    throw error instanceof Event ? new Error(say.file()) : error; // the event of a script that did not load
  }
}

async function compiled(library: LiteRt, file: Uint8Array): Promise<CompiledModel> {
  try {
    return await library.loadAndCompile(file, { accelerator: "wasm" });
  } catch (error) {
    throw explained(error, say.model);
  }
}

async function run(
  model: CompiledModel,
  inputs: Readonly<Record<string, Tensor>>,
  made: typeof import("@litertjs/core").Tensor,
): Promise<Record<string, Numbers>> {
  const given = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, new made(sendable(name, tensor), [...tensor.shape])]));
  try {
    const outputs = Object.entries(await model.run(given));
    const tensors = outputs.map(([name, tensor]) => [name, numbersOf(tensor.toTypedArray(), shapeOf(model, name))] as const);
    for (const [, tensor] of outputs) tensor.delete();
    return Object.fromEntries(tensors);
  } catch (error) {
    throw explained(error, say.model);
  } finally {
    for (const tensor of Object.values(given)) tensor.delete();
  }
}

type Sendable = Exclude<Doubles, Float64Array>;

/** Return the entries of an input; raises DeviceError for what LiteRT.js does not have. Files for devices take int32 in place of int64. */
function sendable(name: string, { data, dtype }: Tensor): Sendable {
  if (dtype === "float32" || dtype === "int32" || dtype === "uint8") return data as Sendable;
  if (dtype !== "int64") throw new DeviceError(say.dtype({ name, dtype }));
  const integers = Array.from(data as BigInt64Array, Number);
  const value = integers.find((each) => each !== (each | 0));
  if (value !== undefined) throw new DeviceError(say.range({ name, value }));
  return Int32Array.from(integers);
}

/** Return a tensor with an array of its own: that of an output is the memory of WebAssembly. */
function numbersOf(data: ArrayLike<number>, shape: readonly number[]): Numbers {
  const dtype = data instanceof Int32Array ? "int32" : data instanceof Uint8Array ? "uint8" : "float32";
  return { dtype, data: arrayOf(dtype, data), shape };
}

function shapeOf(model: CompiledModel, name: string): readonly number[] {
  return [...(model.getOutputDetails().find((output) => output.name === name)?.shape ?? [])];
}

function explained(error: unknown, sentence: (values: { reason: string }) => string): DeviceError {
  const reason = error instanceof Error ? error.message : String(error);
  if (FORBIDDEN.test(reason)) return new DeviceError(say.wasm());
  if (error instanceof RangeError || /memory|alloc/i.test(reason)) return new DeviceError(say.memory());
  return new DeviceError(sentence({ reason: reason.slice(0, 200) }));
}
