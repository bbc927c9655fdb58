/** The languages of the page. Each component keeps its texts beside it, in both languages: `texts({ title: ["Models", "模型"] })`. */
import { useEffect, useState } from "preact/hooks";

export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A text in English and in Chinese. */
export type Pair = readonly [en: string, zh: string];
type Values = Record<string, string | number>;

const KEY = "lightship.language";
const CHANGED = "lightship-language";

export function language(): Language {
  const stored = localStorage.getItem(KEY);
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function setLanguage(chosen: Language): void {
  localStorage.setItem(KEY, chosen);
  document.documentElement.lang = chosen;
  window.dispatchEvent(new Event(CHANGED));
}

/** Return the language, and render the component again when it changes. */
export function useLanguage(): Language {
  const [current, setCurrent] = useState(language);
  useEffect(() => {
    const update = () => setCurrent(language());
    window.addEventListener(CHANGED, update);
    return () => window.removeEventListener(CHANGED, update);
  }, []);
  return current;
}

/** Return functions that return a text in the current language, with `{name}` replaced by values. */
export function texts<T extends Record<string, Pair>>(pairs: T): { [K in keyof T]: (values?: Values) => string } {
  const entries = Object.entries(pairs).map(([key, pair]) => [key, (values: Values = {}) => filled(pair, values)]);
  return Object.fromEntries(entries) as { [K in keyof T]: (values?: Values) => string };
}

function filled(pair: Pair, values: Values): string {
  const text = pair[LANGUAGES.indexOf(language())] ?? pair[0];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Format a number for people: by default an integer in full, all else with up to four significant digits. */
export function number(value: number, options: Intl.NumberFormatOptions = Number.isInteger(value) ? {} : { maximumSignificantDigits: 4 }): string {
  return new Intl.NumberFormat(language(), options).format(value);
}

/** Format a size in bytes, kB, MB or GB of powers of 1,000. */
export function bytes(size: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const power = Math.min(units.length - 1, size < 1 ? 0 : Math.floor(Math.log10(size) / 3));
  const unit = units[power] ?? "byte";
  return number(size / 1000 ** power, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3 });
}
