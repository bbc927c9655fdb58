/** Operators between numbers and their texts. */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import { type Operator, Unknown } from "../operator";
import { type Dtype, type Entry, Unsuitable, isFloat, made, madeStrings, numbers, strings } from "../values";

const say = texts({
  integer: ["{place}the text is not an integer ({dtype})", "{place}文本不是整数（{dtype}）"],
  number: ["{place}the text is not a number ({dtype})", "{place}文本不是数值（{dtype}）"],
  place: ["input '{source}': ", "输入“{source}”："],
});

const INTEGER = /^[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*$/;
const FLOAT = /^[ \t\n\v\f\r]*([+-]?)(?:((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?)|(inf|infinity)|nan)[ \t\n\v\f\r]*$/i;
const DTYPES: readonly unknown[] = ["int32", "int64", "float32", "float64"];

const fromNumbers: Operator = ({ format = "%d" }) => {
  if (format !== "%d") throw new Unknown(String(format));
  return () => (array) => {
    const given = numbers(array);
    if (isFloat(given)) throw new Unsuitable("integers are needed");
    const write = given.dtype === "bool" ? (value: Entry) => (value ? "true" : "false") : String;
    return madeStrings(given.shape, Array.from(given.data as ArrayLike<Entry>, write));
  };
};

const toNumbers: Operator = ({ dtype, source = "" }) => {
  if (!DTYPES.includes(dtype)) throw new Unknown(String(dtype));
  const wanted = dtype as Dtype;
  const whole = wanted.startsWith("int");
  return () => (array) => {
    const { shape, data } = strings(array);
    const found = data.map<Entry | null>((text) => (whole ? integerOf(text, wanted) : floatOf(text)));
    const place = source ? say.place({ source: String(source) }) : "";
    if (found.includes(null)) throw new DeviceError((whole ? say.integer : say.number)({ place, dtype: wanted }));
    return made(wanted, shape, found as Entry[]);
  };
};

/** Return an integer; null for other text, and beyond the dtype. */
function integerOf(text: string, dtype: Dtype): bigint | null {
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined) return null;
  const value = BigInt(digits.replace(/^\+/, ""));
  const limit = dtype === "int32" ? 2n ** 31n : 2n ** 63n;
  return value < -limit || value >= limit ? null : value;
}

function floatOf(text: string): number | null {
  const found = FLOAT.exec(text);
  if (!found) return null;
  const [, sign, digits, infinite] = found;
  const size = digits !== undefined ? Number(digits) : infinite ? Number.POSITIVE_INFINITY : Number.NaN;
  return sign === "-" ? -size : size;
}

export const LITERALS: Readonly<Record<string, Operator>> = { from_numbers: fromNumbers, to_numbers: toNumbers };
