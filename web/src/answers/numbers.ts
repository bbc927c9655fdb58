/** Numbers of answers for people. */
import { number } from "../i18n";

export function percent(share: number): string {
  if (share > 0 && share < 0.0001) return `< ${number(0.0001, { style: "percent", maximumFractionDigits: 2 })}`;
  return number(share, { style: "percent", maximumFractionDigits: share > 0.1 ? 1 : 2 });
}

/** Return a number with its sign, for contributions. */
export function signed(value: number): string {
  return number(value, { maximumSignificantDigits: 3, signDisplay: "exceptZero" });
}
