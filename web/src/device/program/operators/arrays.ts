/** Operators on shapes and dtypes of arrays of any dtype. */
import { type Operator, Unknown, plain } from "../operator";
import { joined } from "../axes";
import { type Dtype, cast, numbers } from "../values";

const DTYPES: readonly string[] = ["bool", "uint8", "int32", "int64", "float32", "float64"];

export const ARRAYS: Readonly<Record<string, Operator>> = {
  cast: ({ dtype }) => {
    if (!DTYPES.includes(String(dtype))) throw new Unknown(String(dtype));
    return () => (array) => cast(numbers(array), dtype as Dtype);
  },
  concatenate: plain((arrays, { axis }) => joined(arrays, Number(axis))),
};
