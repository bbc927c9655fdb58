/** Numbers of answers for people. */
import { number, texts } from "../i18n";

const say = texts({
  none: ["no number (NaN or infinite)", "无数值（NaN 或无穷大）"],
});

/** Return a single value of an output as a text. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return say.none();
  return typeof value === "number" ? number(value, { maximumSignificantDigits: 6 }) : String(value);
}

export function percent(share: number): string {
  if (share > 0 && share < 0.0001) return `< ${number(0.0001, { style: "percent", maximumFractionDigits: 2 })}`;
  return number(share, { style: "percent", maximumFractionDigits: share > 0.1 ? 1 : 2 });
}

/** Return a number with its sign, for contributions. */
export function signed(value: number): string {
  return number(value, { maximumSignificantDigits: 3, signDisplay: "exceptZero" });
}
