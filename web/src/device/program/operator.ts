/** Types of operators. */
import type { Tensor } from "./values";

/** A step's options in the manifest. */
export type Options = Readonly<Record<string, unknown>>;

/** Constant inputs of a step by position. */
export type Constants = ReadonlyMap<number, Tensor>;

/** Function of a step's inputs, constants included; raises DeviceError for a mistake in the input. */
export type Operation = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** Check a step's options and return the function of its constants; raises Unknown for options that this page does not have. */
export type Operator = (options: Options) => (constants: Constants) => Operation;

/** An operator, or a form of it, that this page does not have; the message is its name. */
export class Unknown extends Error {}

/** Return the operator of a function that reads its options at each call. */
export function plain(operation: (inputs: readonly Tensor[], options: Options) => Tensor | readonly Tensor[]): Operator {
  return (options) => () => (...inputs) => operation(inputs, options);
}
