/** Operators that map strings and combinations of features to buckets. */
import { farmhash, join } from "../fingerprints/farm";
import { siphash } from "../fingerprints/sip";
import { MASK } from "../fingerprints/words";
import { type Operator, Unknown } from "../operator";
import { affordable } from "../sizes";
import { type Entry, type Tensor, Unsuitable, isFloat, made, strings } from "../values";

const MOST_CROSSES = 2 ** 20;

const fast: Operator = ({ buckets }) => () => (array) => bucketed(strings(array), farmhash, BigInt(buckets as number));

const strong: Operator = ({ buckets, key }) => {
  const [low, high] = (key as readonly number[]).map(keyOf) as [bigint, bigint];
  return () => (array) => bucketed(strings(array), (text) => siphash(text, [low, high]), BigInt(buckets as number));
};

/** Return an integer of a manifest as 64 bits. JSON of a page has exact integers up to 2^53; raises Unknown for others. */
function keyOf(value: unknown): bigint {
  if (!Number.isSafeInteger(value)) throw new Unknown("a key beyond 2^53");
  return BigInt(value as number) & MASK;
}

function bucketed({ shape, data }: { shape: readonly number[]; data: readonly string[] }, hash: (text: string) => bigint, buckets: bigint): Tensor {
  return made("int64", shape, data.map((text) => hash(text) % buckets));
}

/** Return the buckets of all combinations of features in each row, as a sparse matrix: positions, values and shape. */
const cross: Operator = ({ buckets, key }) => {
  const [start, modulus] = [keyOf(key), BigInt((buckets as number) || 2n ** 63n - 1n)];
  return () => (...columns) => {
    const rows = columns[0]?.shape[0] ?? 0;
    if (columns.some((column) => column.shape.length !== 2 || column.shape[0] !== rows || isFloat(column))) throw new Unsuitable("the columns do not fit");
    const width = affordable([rows, ...columns.map(({ shape }) => shape[1] as number)], MOST_CROSSES).slice(1).reduce((product, size) => product * size, 1);
    const values = Array.from({ length: rows }, (_, row) => crossed(columns, row, start).map((hash) => hash % modulus)).flat();
    const positions = values.flatMap((_, index) => [Math.floor(index / width), index % width]);
    return [made("int64", [values.length, 2], positions), made("int64", [values.length], values), made("int64", [2], [rows, width])];
  };
};

function crossed(columns: readonly Tensor[], row: number, start: bigint): readonly bigint[] {
  return columns.reduce<readonly bigint[]>((hashes, { data, shape }) => {
    const width = shape[1] as number;
    const features = Array.from(data.slice(row * width, (row + 1) * width) as ArrayLike<string | Entry>, fingerprint);
    return hashes.flatMap((first) => features.map((second) => join(first, second)));
  }, [start]);
}

function fingerprint(feature: string | Entry): bigint {
  return typeof feature === "string" ? farmhash(feature) : BigInt(feature) & MASK;
}

export const HASHING: Readonly<Record<string, Operator>> = { fast, strong, cross };
