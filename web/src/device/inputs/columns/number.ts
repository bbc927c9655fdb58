/** Numbers, within the range of the tensor's dtype. */
import { checkNumber } from "../../tensor";
import { numbersOf } from "../kind";
import type { Conversion, Options } from "./columns";

export function number(name: string, _options: Options, dtype: string): Conversion {
  const convert = (cell: unknown) => {
    const [value = Number.NaN] = numbersOf(cell, name);
    checkNumber({ name, dtype }, value);
    return [value];
  };
  return { width: 1, convert };
}
