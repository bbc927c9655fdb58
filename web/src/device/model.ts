/** A model on the device: from the request that the API takes to the answer that it gives. */
import type { Prediction } from "../api/types";
import { decodeBody } from "./inputs";
import { type Runner, runnerOf } from "./litert";
import { CONSTANTS, type DevicePlan, parseManifest, planOf, withItems } from "./manifest";
import { predictionOf } from "./outputs";
import type { Tensors } from "./program/program";

export interface DeviceModel {
  /** Predict for a body `{"input": …}` of one row; raises DeviceError. */
  readonly predict: (body: string) => Promise<DevicePrediction>;
  readonly close: () => void;
}

export interface DevicePrediction {
  readonly prediction: Prediction;
  /** From the request until the answer, without loading the model. */
  readonly milliseconds: number;
}

/** Files of a model by path. */
export type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** Return a model that is ready to predict; raises DeviceError. */
export async function deviceModel(name: string, version: number, manifest: string, files: Files): Promise<DeviceModel> {
  const found = await planOf(parseManifest(manifest));
  const plan = { ...found, signature: withItems(found.signature, files) };
  const encode = await encoderOf(plan, files);
  const runner = await runnerOf(files[plan.file] as Uint8Array);
  return { predict: (body) => predict(name, version, { plan, encode, runner }, body), close: runner.close };
}

interface Opened {
  readonly plan: DevicePlan;
  readonly encode: (body: string) => Promise<Tensors>;
  readonly runner: Runner;
}

async function predict(name: string, version: number, { plan, encode, runner }: Opened, body: string): Promise<DevicePrediction> {
  const begun = performance.now();
  const outputs = await runner.run(await encode(body));
  return { prediction: predictionOf(name, version, plan.signature, outputs), milliseconds: performance.now() - begun };
}

/** Return the function from a body to the model's inputs: decoding, and the program of the bundle. It raises DeviceError. */
export async function encoderOf({ signature, program }: DevicePlan, files: Files): Promise<(body: string) => Promise<Tensors>> {
  if (!program) return (body) => decodeBody(body, signature.inputs);
  const { boundProgram, readArrays } = await import("./program/program");
  const constants = files[CONSTANTS];
  const run = boundProgram(program, constants ? await readArrays(constants) : new Map());
  return async (body) => run(await decodeBody(body, signature.inputs));
}
