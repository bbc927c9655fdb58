/** Programs: steps in order, each an operator with named inputs and outputs, as `src/lightship/preprocessing/program.py`. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import { type Constants, type Operation, type Options, Unknown } from "./operator";
import { operatorOf } from "./operators";
import type { Tensor } from "./values";

const say = texts({
  unknown: [
    "The server computes this model's inputs with {operator}, which this page does not have.",
    "服务器使用 {operator} 计算该模型的输入，而本页面没有该运算。",
  ],
  cannot: ["The preprocessing cannot run this input.", "预处理无法处理此输入。"],
});

export interface StepRecord {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly options?: Options;
}

/** A program in the manifest: `constants` are names of arrays in the file by the name of their value. */
export interface ProgramRecord {
  readonly steps: readonly StepRecord[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly constants: Readonly<Record<string, string>>;
}

export { readArrays } from "./npz";

export type Tensors = Readonly<Record<string, Tensor>>;

/** Raise DeviceError with the operator unless this page has all of a program. */
export function checkProgram({ steps }: ProgramRecord): void {
  steps.forEach(built);
}

/** Return the function from a call's inputs to those of the model, with the arrays of its constants; it raises DeviceError. */
export function boundProgram(record: ProgramRecord, arrays: ReadonlyMap<string, Tensor>): (inputs: Tensors) => Tensors {
  const constants = new Map(Object.entries(record.constants).flatMap(([name, key]) => (arrays.has(key) ? [[name, arrays.get(key) as Tensor]] : [])));
  const steps = record.steps.map((step) => ({ step, operation: guarded(() => built(step)(fixed(step, constants))) }));
  return (inputs) => guarded(() => run(steps, record, new Map([...constants, ...Object.entries(inputs)])));
}

function built(step: StepRecord): (constants: Constants) => Operation {
  try {
    return operatorOf(step.operator)(step.options ?? {});
  } catch (error) {
    if (error instanceof Unknown) throw new DeviceError(say.unknown({ operator: error.message ? `${step.operator} (${error.message})` : step.operator }));
    throw error;
  }
}

function fixed({ inputs }: StepRecord, constants: ReadonlyMap<string, Tensor>): Constants {
  return new Map(inputs.flatMap((name, position) => (constants.has(name) ? [[position, constants.get(name) as Tensor]] : [])));
}

interface Bound {
  readonly step: StepRecord;
  readonly operation: Operation;
}

function run(steps: readonly Bound[], { outputs }: ProgramRecord, values: Map<string, Tensor>): Tensors {
  for (const { step, operation } of steps) {
    const result = operation(...step.inputs.map((name) => valueOf(values, name)));
    const results = "dtype" in result ? [result] : result;
    step.outputs.forEach((name, index) => values.set(name, results[index] as Tensor));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, valueOf(values, value)]));
}

function valueOf(values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const value = values.get(name);
  if (!value) throw new Error(name);
  return value;
}

/** Return a result, with all that operators raise as a sentence. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError(say.cannot());
  }
}
