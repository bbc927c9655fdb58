/** SipHash-2-4, as `src/lightship/preprocessing/fingerprints/sip.py`. */
import { MASK, rotated, word } from "./words";

type Words = [bigint, bigint, bigint, bigint];

/** Return the SipHash-2-4 of a string of bytes under a key of two unsigned integers of 64 bits. */
export function siphash(text: string, [low, high]: readonly [bigint, bigint]): bigint {
  const whole = text.length & ~7;
  let state: Words = [low ^ 0x736f6d6570736575n, high ^ 0x646f72616e646f6dn, low ^ 0x6c7967656e657261n, high ^ 0x7465646279746573n];
  for (let start = 0; start < whole; start += 8) state = absorbed(state, word(text, start));
  state = absorbed(state, word(text, whole, text.length - whole) | (BigInt(text.length & 0xff) << 56n));
  state[2] ^= 0xffn;
  for (let rounds = 0; rounds < 4; rounds++) state = round(state);
  return state[0] ^ state[1] ^ state[2] ^ state[3];
}

function absorbed([a, b, c, d]: Words, value: bigint): Words {
  const state = round(round([a, b, c, d ^ value]));
  state[0] ^= value;
  return state;
}

function round([a, b, c, d]: Words): Words {
  a = (a + b) & MASK;
  b = left(b, 13n) ^ a;
  a = left(a, 32n);
  c = (c + d) & MASK;
  d = left(d, 16n) ^ c;
  a = (a + d) & MASK;
  d = left(d, 21n) ^ a;
  c = (c + b) & MASK;
  b = left(b, 17n) ^ c;
  return [a, b, left(c, 32n), d];
}

function left(value: bigint, bits: bigint): bigint {
  return rotated(value, 64n - bits);
}
