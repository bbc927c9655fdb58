/** FarmHash: Google's farmhash, function Fingerprint64, as `src/lightship/preprocessing/fingerprints/farm.py`. */
import { MASK, rotated, word } from "./words";

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const JOIN = 0xc6a4a7935bd1e995n;

/** Return the FarmHash fingerprint of a string of bytes, an unsigned integer of 64 bits. */
export function farmhash(text: string): bigint {
  const { length } = text;
  if (length === 0) return K2;
  if (length <= 3) return upTo3(text);
  if (length <= 7) return mix(BigInt(length) + (word(text, 0, 4) << 3n), word(text, length - 4, 4), factorOf(length));
  if (length <= 16) return upTo16(text);
  if (length <= 32) return upTo32(text);
  return length <= 64 ? upTo64(text) : longer(text);
}

/** Return the hash of two fingerprints, as TensorFlow's FingerprintCat64. */
export function join(first: bigint, second: bigint): bigint {
  const result = first ^ JOIN ^ ((shiftMix((second * JOIN) & MASK) * JOIN) & MASK);
  return shiftMix((shiftMix((result * JOIN) & MASK) * JOIN) & MASK);
}

function factorOf(length: number): bigint {
  return (K2 + 2n * BigInt(length)) & MASK;
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

/** Return the hash of the low 64 bits of two words. */
function mix(u: bigint, v: bigint, factor: bigint): bigint {
  const a = (((u ^ v) & MASK) * factor) & MASK;
  const b = (((v & MASK) ^ a ^ (a >> 47n)) * factor) & MASK;
  return ((b ^ (b >> 47n)) * factor) & MASK;
}

function upTo3(text: string): bigint {
  const { length } = text;
  const y = BigInt(text.charCodeAt(0) + (text.charCodeAt(length >> 1) << 8));
  const z = BigInt(length + (text.charCodeAt(length - 1) << 2));
  return (shiftMix(((y * K2) ^ (z * K0)) & MASK) * K2) & MASK;
}

function upTo16(text: string): bigint {
  const factor = factorOf(text.length);
  const [a, last] = [word(text, 0) + K2, word(text, text.length - 8)];
  return mix(rotated(last, 37n) * factor + a, (rotated(a, 25n) + last) * factor, factor);
}

function upTo32(text: string): bigint {
  const factor = factorOf(text.length);
  const [a, b] = [word(text, 0) * K1, word(text, 8)];
  const [c, d] = [word(text, text.length - 8) * factor, word(text, text.length - 16) * K2];
  return mix(rotated(a + b, 43n) + rotated(c, 30n) + d, a + rotated(b + K2, 18n) + c, factor);
}

function upTo64(text: string): bigint {
  const { length } = text;
  const factor = factorOf(length);
  const [a, b] = [word(text, 0) * K2, word(text, 8)];
  const [c, d] = [word(text, length - 8) * factor, word(text, length - 16) * K2];
  const y = rotated(a + b, 43n) + rotated(c, 30n) + d;
  const z = mix(y, a + rotated(b + K2, 18n) + c, factor);
  const [e, f] = [word(text, 16) * factor, word(text, 24)];
  const [g, h] = [(y + word(text, length - 32)) * factor, (z + word(text, length - 24)) * factor];
  return mix(rotated(e + f, 43n) + rotated(g, 30n) + h, e + rotated(f + a, 18n) + g, factor);
}

type Pair = readonly [bigint, bigint];

/** State between two blocks. */
interface State {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly v: Pair;
  readonly w: Pair;
}

const X = (81n * K2) & MASK;
const Y = (81n * K1 + 113n) & MASK;
const Z = (shiftMix((Y * K2 + 113n) & MASK) * K2) & MASK;

/** Hash blocks of 64 bytes, then the last 64 bytes, which may overlap them. */
function longer(text: string): bigint {
  const { length } = text;
  let state: State = { x: word(text, 0) + X, y: Y, z: Z, v: [0n, 0n], w: [0n, 0n] };
  for (let start = 0; start < ((length - 1) & ~63); start += 64) state = mixed(state, block(text, start), K1, 1n);
  const factor = K1 + ((state.z & 0xffn) << 1n);
  const first = state.w[0] + BigInt((length - 1) & 63);
  const v: Pair = [state.v[0] + first, state.v[1]];
  const { x, y, z, v: low, w: high } = mixed({ ...state, v, w: [first + v[0], state.w[1]] }, block(text, length - 64), factor, 9n);
  const inner = mix(low[0], high[0], factor) + shiftMix(y) * K0 + z;
  return mix(inner, mix(low[1], high[1], factor) + x, factor);
}

function block(text: string, start: number): readonly bigint[] {
  return Array.from({ length: 8 }, (_, index) => word(text, start + 8 * index));
}

/** Return the state after a block; `weight` is 9 for the last one. */
function mixed({ x, y, z, v, w }: State, words: readonly bigint[], factor: bigint, weight: bigint): State {
  const at = (index: number) => words[index] as bigint;
  const mixedX = (rotated(x + y + v[0] + at(1), 37n) * factor) ^ (w[1] * weight);
  const mixedY = rotated(y + v[1] + at(6), 42n) * factor + v[0] * weight + at(5);
  const mixedZ = (rotated(z + w[0], 33n) * factor) & MASK;
  const low = seeded(words.slice(0, 4), v[1] * factor, mixedX + w[0]);
  const high = seeded(words.slice(4), mixedZ + w[1], mixedY + at(2));
  return { x: mixedZ, y: mixedY & MASK, z: mixedX & MASK, v: low, w: high };
}

function seeded([first = 0n, second = 0n, third = 0n, fourth = 0n]: readonly bigint[], a: bigint, b: bigint): Pair {
  const start = a + first;
  const sum = start + second + third;
  const mixedSum = rotated(b + start + fourth, 21n) + rotated(sum, 44n);
  return [(sum + fourth) & MASK, (mixedSum + start) & MASK];
}
