/** Lookups in tables of keys and values, and bins of numbers. */
import { type Operator, plain } from "../operator";
import { type Entry, type Numbers, type Tensor, Unsuitable, cast, doubles, entry, made, madeStrings, numbers, promoted, strings } from "../values";
import { rank } from "./tables";

type Key = Entry | string;

/** Return the values of keys, in the queries' shape, and the default elsewhere. */
const find: Operator = () => (constants) => {
  const [keys, values] = [constants.get(0), constants.get(1)];
  if (!keys || !values || keys.data.length !== values.data.length) throw new Unsuitable("the table is not constant");
  const tables = new Map<string, ReadonlyMap<Key, number>>(); // by dtype
  const placesIn = (found: Tensor) => {
    const table = tables.get(found.dtype) ?? new Map(Array.from(found.data as ArrayLike<Key>, (key, index) => [key, index]));
    tables.set(found.dtype, table);
    return table;
  };
  return (_keys, _values, queries, otherwise) => {
    const [sought, known] = keys.dtype === "string" ? [strings(queries), keys] : alike(numbers(queries), keys);
    const places = placesIn(known);
    return chosen(values, otherwise, sought.shape, Array.from(sought.data as ArrayLike<Key>, (query) => places.get(query)));
  };
};

/** Return numbers and keys in their common dtype. */
function alike(queries: Numbers, keys: Numbers): readonly [Numbers, Numbers] {
  const dtype = promoted(queries.dtype, keys.dtype);
  return [cast(queries, dtype), cast(keys, dtype)];
}

/** Return the values at places, and the default where there is none. */
function chosen(values: Tensor, otherwise: Tensor | undefined, shape: readonly number[], places: readonly (number | undefined)[]): Tensor {
  const choose = <T>(data: ArrayLike<T>, other: ArrayLike<T>) => places.map((place) => (place === undefined ? entry(other, 0) : entry(data, place)));
  if (values.dtype === "string") return madeStrings(shape, choose(values.data, strings(otherwise).data));
  return made(values.dtype, shape, choose<Entry>(values.data, cast(numbers(otherwise), values.dtype).data));
}

export const LOOKUP: Readonly<Record<string, Operator>> = {
  find,
  bucketize: plain(([array], { boundaries }) => {
    const bounds = Float32Array.from(boundaries as readonly number[]);
    return made("int32", numbers(array).shape, doubles(array).map((value) => rank(bounds, value, false)));
  }),
};
