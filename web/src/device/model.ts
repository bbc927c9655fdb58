/** A model on the device: from the request that the API takes to the answer that it gives. */
import type { Prediction } from "../api/types";
import { decodeBody } from "./inputs";
import { type Runner, runnerOf } from "./litert";
import { type DevicePlan, parseManifest, planOf } from "./manifest";
import { predictionOf } from "./outputs";

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

/** Return a model that is ready to predict; raises DeviceError. */
export async function deviceModel(name: string, version: number, manifest: string, file: Uint8Array): Promise<DeviceModel> {
  const plan = planOf(parseManifest(manifest));
  const runner = await runnerOf(file);
  return { predict: (body) => predict(name, version, plan, runner, body), close: runner.close };
}

async function predict(name: string, version: number, { signature }: DevicePlan, runner: Runner, body: string): Promise<DevicePrediction> {
  const begun = performance.now();
  const outputs = await runner.run(await decodeBody(body, signature.inputs));
  return { prediction: predictionOf(name, version, signature, outputs), milliseconds: performance.now() - begun };
}
