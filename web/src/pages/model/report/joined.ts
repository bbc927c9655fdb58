/** Curves with x values of their own on one common axis, as charts need it. */
import type uPlot from "uplot";

interface Points {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/** A step upward has points with the same x, which an axis cannot hold twice: this far apart nobody sees them. */
const STEP = 1e-9;

/** Return the values of all x in order, and for each curve its y or null. */
export function joined(curves: readonly Points[]): uPlot.AlignedData {
  const separated = curves.map(separate);
  const all = [...new Set(separated.flatMap((curve) => [...curve.keys()]))].sort((a, b) => a - b);
  return [all, ...separated.map((curve) => all.map((x) => curve.get(x) ?? null))] as uPlot.AlignedData;
}

function separate({ x, y }: Points): Map<number, number | null> {
  const points = x.map((value, position) => [value, y[position] ?? null] as const);
  const descending = (x[0] ?? 0) > (x[x.length - 1] ?? 0);
  const found = new Map<number, number | null>();
  let last = -Infinity;
  for (const [value, height] of descending ? points.reverse() : points) {
    last = value <= last ? last + STEP : value;
    found.set(last, height);
  }
  return found;
}
