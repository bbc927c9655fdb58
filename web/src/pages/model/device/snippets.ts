/** Programs that run a model's file for devices, as docs/devices.md describes them. */
import type { Form, InputField } from "../../../api/types";

export type Tongue = "Kotlin" | "Swift" | "Python" | "JavaScript";

export const SNIPPETS: Readonly<Record<Tongue, (form: Form) => string>> = { Kotlin: kotlin, Swift: swift, Python: python, JavaScript: javascript };

function shapeOf({ shape }: InputField): readonly number[] {
  return shape.map((size) => size ?? 1);
}

/** Return the dtype of an input in a file for devices, which takes int32 in place of int64. */
function dtypeOf({ dtype }: InputField): string {
  return dtype === "int64" ? "int32" : dtype;
}

function count(field: InputField): number {
  return shapeOf(field).reduce((product, size) => product * size, 1);
}

function fileOf({ model }: Form): string {
  return `${model}.tflite`;
}

function kotlin(form: Form): string {
  const writes = form.inputs.map((field, index) => {
    const [type, array] = field.dtype === "float32" ? ["Float", "FloatArray"] : ["Int", "IntArray"];
    return `inputs[${index}].write${type}(${array}(${count(field)})) // ${field.name}`;
  });
  return [
    "// com.google.ai.edge.litert:litert",
    `val model = CompiledModel.create(context.assets, "${fileOf(form)}", CompiledModel.Options(Accelerator.CPU))`,
    "val inputs = model.createInputBuffers()",
    "val outputs = model.createOutputBuffers()",
    ...writes,
    "model.run(inputs, outputs)",
    "val answer = outputs[0].readFloat()",
  ].join("\n");
}

function swift(form: Form): string {
  const copies = form.inputs.map((field, index) => {
    const type = { float32: "Float32", int32: "Int32", uint8: "UInt8" }[dtypeOf(field)] ?? field.dtype;
    const row = `let row${index} = [${type}](repeating: 0, count: ${count(field)}) // ${field.name}`;
    return `${row}\ntry interpreter.copy(row${index}.withUnsafeBufferPointer { Data(buffer: $0) }, toInputAt: ${index})`;
  });
  return [
    "// TensorFlowLiteSwift",
    `let interpreter = try Interpreter(modelPath: Bundle.main.path(forResource: "${form.model}", ofType: "tflite")!)`,
    "try interpreter.allocateTensors()",
    ...copies,
    "try interpreter.invoke()",
    "let answer = try interpreter.output(at: 0).data.withUnsafeBytes { Array($0.bindMemory(to: Float32.self)) }",
  ].join("\n");
}

function python(form: Form): string {
  const inputs = form.inputs.map((field) => `    ${JSON.stringify(field.name)}: np.zeros((${shapeOf(field).join(", ")},), np.${dtypeOf(field)}),`);
  return [
    "# pip install ai-edge-litert numpy",
    "import numpy as np",
    "from ai_edge_litert.interpreter import Interpreter",
    "",
    `model = Interpreter(model_path="${fileOf(form)}").get_signature_runner()`,
    "answer = model(**{",
    ...inputs,
    "})",
    "print(answer)",
  ].join("\n");
}

function javascript(form: Form): string {
  const inputs = form.inputs.map((field) => {
    const array = { int32: "Int32Array", uint8: "Uint8Array" }[dtypeOf(field)] ?? "Float32Array";
    return `  ${JSON.stringify(field.name)}: new Tensor(new ${array}(${count(field)}), [${shapeOf(field).join(", ")}]),`;
  });
  return [
    "// npm install @litertjs/core; serve its folder wasm/",
    'import { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";',
    "",
    'await loadLiteRt("/wasm/");',
    `const model = await loadAndCompile("/${fileOf(form)}", { accelerator: "wasm" });`,
    "const answer = await model.run({",
    ...inputs,
    "});",
    "for (const [name, tensor] of Object.entries(answer)) console.log(name, tensor.toTypedArray());",
  ].join("\n");
}
