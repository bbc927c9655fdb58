/** A page for tests/web/test_device.py: runs requests as the page does, and returns the tensors, too. */
import { decodeBody } from "../src/device/inputs";
import { runnerOf } from "../src/device/litert";
import { parseManifest, planOf } from "../src/device/manifest";
import { predictionOf } from "../src/device/outputs";
import type { Tensor } from "../src/device/tensor";

/** Return the tensors that a model gets for each body, its outputs, and the answer. */
async function answers(folder: string, bodies: readonly string[]) {
  const { file, signature } = planOf(parseManifest(await (await fetch(`${folder}/manifest.json`)).text()));
  const runner = await runnerOf(new Uint8Array(await (await fetch(`${folder}/${file}`)).arrayBuffer()));
  const found = [];
  for (const body of bodies) {
    const tensors = await decodeBody(body, signature.inputs);
    const outputs = await runner.run(tensors);
    found.push({ tensors: shown(tensors), outputs: shown(outputs), prediction: predictionOf("m", 1, signature, outputs) });
  }
  runner.close();
  return found;
}

/** Return why the page refuses a model or a body. */
async function refusal(folder: string, body: string): Promise<string> {
  try {
    await answers(folder, [body]);
    return "";
  } catch (error) {
    return `${error instanceof Error ? `${error.constructor.name}: ${error.message}` : error}`;
  }
}

function shown(tensors: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [
      name,
      { dtype: data.constructor.name.replace("Array", "").toLowerCase(), shape, bytes: btoa(String.fromCharCode(...new Uint8Array(data.buffer))) },
    ]),
  );
}

Object.assign(globalThis, { harness: { answers, refusal } });
