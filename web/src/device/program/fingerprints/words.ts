/** Words of 64 bits in strings of bytes. */
export const MASK = 0xffffffffffffffffn;

/** Return the little-endian integer of some bytes. */
export function word(text: string, start: number, size = 8): bigint {
  let value = 0n;
  for (let at = size - 1; at >= 0; at--) value = (value << 8n) | BigInt(text.charCodeAt(start + at));
  return value;
}

/** Return 64 bits, rotated to the right. */
export function rotated(value: bigint, bits: bigint): bigint {
  const low = value & MASK;
  return ((low >> bits) | (low << (64n - bits))) & MASK;
}
