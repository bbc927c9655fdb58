/** Shares of the traffic in whole percent, which always add up to 100. */

export type Shares = Readonly<Record<string, number>>;

/** Return the shares after one was set: the others give or take in proportion. */
export function withShare(shares: Shares, version: string, share: number): Shares {
  const others = Object.keys(shares).filter((each) => each !== version);
  if (!others.length) return { [version]: 100 };
  const set = Math.min(100, Math.max(0, Math.round(share) || 0));
  const before = others.reduce((sum, each) => sum + (shares[each] ?? 0), 0);
  const result: Record<string, number> = { ...shares, [version]: set };
  let left = 100 - set;
  others.forEach((each, position) => {
    const part = before ? (shares[each] ?? 0) / before : 1 / others.length;
    const given = position === others.length - 1 ? left : Math.min(left, Math.round((100 - set) * part));
    result[each] = given;
    left -= given;
  });
  return result;
}

/** Return the shares without a version, whose share the others get. */
export function without(shares: Shares, version: string): Shares {
  const { [version]: _, ...others } = withShare(shares, version, 0);
  return others;
}
