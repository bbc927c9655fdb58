/** Inputs of one boolean per row: true, false, 1 or 0. */
import { tensorOf } from "../tensor";
import { columnOf } from "./columns/columns";
import type { DeviceKind } from "./kind";

export const BOOLEAN: DeviceKind = {
  decode: (value, spec) => {
    const cell: unknown = Array.isArray(value) ? value.flat(2)[0] : value;
    return tensorOf(spec, columnOf(spec.name, { type: "boolean", ...(spec.kind?.missing ? { missing: "nan" } : {}) }, spec.dtype).numbers(cell));
  },
};
