/** Inputs without a kind, and numbers of which some may be missing: nested lists. */
import { tensorOf } from "../tensor";
import { type DeviceKind, numbersOf } from "./kind";

export const PLAIN: DeviceKind = {
  decode: (value, spec) => tensorOf(spec, numbersOf(value, spec.name)),
};

export const NUMBER: DeviceKind = {
  decode: (value, spec) => tensorOf(spec, numbersOf(value, spec.name, Number.NaN)),
};
