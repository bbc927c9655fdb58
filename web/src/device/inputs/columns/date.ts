/** Dates and times of ISO 8601 as features of UTC. */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import type { Conversion, Options } from "./columns";

const say = texts({ wrong: ["“{name}” needs a date of ISO 8601, such as 2024-12-31.", "“{name}”需要 ISO 8601 日期，例如 2024-12-31。"] });

const DAY = 86_400;
const TEXT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d))?)?$/i;

/** A moment in UTC. */
interface Moment {
  readonly date: Date;
  /** Since 1970, whole seconds. */
  readonly seconds: number;
  readonly micros: number;
}

const FEATURES: Readonly<Record<string, (moment: Moment) => number>> = {
  year: ({ date }) => date.getUTCFullYear(),
  quarter: ({ date }) => Math.floor(date.getUTCMonth() / 3) + 1,
  month: ({ date }) => date.getUTCMonth() + 1,
  week: ({ seconds }) => week(Math.floor(seconds / DAY)),
  day: ({ date }) => date.getUTCDate(),
  weekday: ({ seconds }) => weekday(Math.floor(seconds / DAY)),
  day_of_year: ({ date, seconds }) => Math.floor(seconds / DAY) - days(date.getUTCFullYear(), 0, 1) + 1,
  hour: ({ date }) => date.getUTCHours(),
  minute: ({ date }) => date.getUTCMinutes(),
  second: ({ date }) => date.getUTCSeconds(),
  days: ({ seconds }) => Math.floor(seconds / DAY),
  seconds: ({ seconds, micros }) => seconds + micros / 1e6,
};

export function date(name: string, { features }: Options, dtype: string): Conversion {
  const wanted = ((features ?? []) as readonly string[]).map((feature) => FEATURES[feature] ?? (() => Number.NaN));
  const convert = (cell: unknown) => {
    const moment = typeof cell === "string" ? momentOf(cell.trim()) : null;
    if (!moment) throw new DeviceError(say.wrong({ name }));
    const numbers = wanted.map((feature) => feature(moment));
    return dtype.startsWith("float") ? numbers : numbers.map(Math.floor);
  };
  return { width: wanted.length, convert };
}

/** Return the moment of a text, or null where it is no date of the calendar in the years 1 to 9999. */
function momentOf(text: string): Moment | null {
  const found = TEXT.exec(text);
  if (!found) return null;
  const part = (index: number) => Number(found[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [first, offset] = [days(year, month - 1, day), part(9) * 3600 + part(10) * 60];
  const start = new Date(first * DAY * 1000);
  const real = start.getUTCMonth() === month - 1 && start.getUTCDate() === day;
  if (!real || year < 1 || hour > 23 || minute > 59 || second > 59 || offset >= DAY) return null;
  const seconds = first * DAY + hour * 3600 + minute * 60 + second - (found[8] === "-" ? -offset : offset);
  const date = new Date(seconds * 1000);
  const inside = date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999;
  return inside ? { date, seconds, micros: Number((found[7] ?? "").slice(0, 6).padEnd(6, "0")) } : null;
}

/** Return the days since 1970 of a date; `Date.UTC` takes years below 100 for those of the last century. */
function days(year: number, month: number, day: number): number {
  return Math.floor(new Date(0).setUTCFullYear(year, month, day) / 1000 / DAY);
}

/** Return 0 for Monday to 6 for Sunday. */
function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** Return the week of ISO 8601: that of the year which its Thursday is in. */
function week(day: number): number {
  const thursday = day - weekday(day) + 3;
  const year = new Date(thursday * DAY * 1000).getUTCFullYear();
  return Math.floor((thursday - days(year, 0, 1)) / 7) + 1;
}
