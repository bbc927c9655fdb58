/** A page for tests/web: runs requests as the page does, and returns the tensors, too. */
import { runnerOf } from "../src/device/litert";
import { type Manifest, parseManifest, planOf } from "../src/device/manifest";
import { type Files, encoderOf } from "../src/device/model";
import { predictionOf } from "../src/device/outputs";
import { boundProgram, checkProgram, readArrays } from "../src/device/program/program";
import type { ProgramRecord } from "../src/device/program/program";
import type { Tensor } from "../src/device/tensor";

/** Return the tensors that a model gets for each body, its outputs, and the answer. */
async function answers(folder: string, bodies: readonly string[]) {
  const plan = await planOf(await manifestOf(folder));
  const files = await filesOf(folder, Object.keys(plan.digests));
  const encode = await encoderOf(plan, files);
  const runner = await runnerOf(files[plan.file] as Uint8Array);
  const found = [];
  for (const body of bodies) {
    const tensors = await encode(body);
    const outputs = await runner.run(tensors);
    found.push({ tensors: shown(tensors), outputs: shown(outputs), prediction: predictionOf("m", 1, plan.signature, outputs) });
  }
  runner.close();
  return found;
}

/** Return the tensors that a model gets for each body, or why the body is refused; the model does not run. */
async function encoded(folder: string, bodies: readonly string[]) {
  const plan = await planOf(await manifestOf(folder));
  const encode = await encoderOf(plan, await filesOf(folder, Object.keys(plan.digests)));
  return Promise.all(bodies.map((body) => encode(body).then(shown, described)));
}

/** Return the outputs of programs of one step with their inputs as constants, or why they are refused. */
async function programs(record: Readonly<Record<string, ProgramRecord>>, file: string) {
  const arrays = await readArrays(await bytes(file));
  return Object.values(record).map((program) => {
    try {
      checkProgram(program);
      return shown(boundProgram(program, arrays)({}));
    } catch (error) {
      return described(error);
    }
  });
}

/** Return why the page refuses a model or a body. */
async function refusal(folder: string, body: string): Promise<string> {
  return answers(folder, [body]).then(() => "", described);
}

async function manifestOf(folder: string): Promise<Manifest> {
  return parseManifest(await (await fetch(`${folder}/manifest.json`)).text());
}

async function filesOf(folder: string, paths: readonly string[]): Promise<Files> {
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await bytes(`${folder}/${path}`)] as const)));
}

async function bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

function described(error: unknown): string {
  return error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);
}

function shown(tensors: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { dtype: tensor.dtype, shape: tensor.shape, bytes: contentOf(tensor) }]));
}

/** Return the entries of a tensor in base64; strings are a list. */
function contentOf({ dtype, data }: Tensor): string | string[] {
  if (dtype === "string") return data.map(btoa);
  return btoa(Array.from(new Uint8Array(data.buffer), (byte) => String.fromCharCode(byte)).join(""));
}

Object.assign(globalThis, { harness: { answers, encoded, programs, refusal } });
