/** A chart of uPlot, which is loaded when the first chart is shown. Its values are also in a table beside it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { language, number, texts } from "../../../i18n";

const say = texts({ values: ["Values as a table", "以表格显示数值"] });

export interface Drawing {
  readonly data: uPlot.AlignedData;
  readonly series: readonly (Omit<uPlot.Series, "stroke" | "fill"> & { readonly filled?: boolean })[];
  readonly x: string;
  readonly y: string;
  /** The range of both axes, where it is from 0 to 1. */
  readonly unit?: boolean;
  /** Draw bars instead of lines. */
  readonly bars?: boolean;
}

interface Props {
  readonly title: string;
  readonly drawing: Drawing;
  /** The table. */
  readonly children?: ComponentChildren;
}

const HEIGHT = 280;

export function Chart({ title, drawing, children }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const shown = JSON.stringify([drawing.data, drawing.x, drawing.y, language()]);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let remove = () => {};
    let ended = false;
    void draw(element, drawing).then((made) => (ended ? made() : (remove = made)));
    return () => {
      ended = true;
      remove();
    };
  }, [shown]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} role="img" aria-label={title} />
      {children && (
        <details>
          <summary>{say.values()}</summary>
          {children}
        </details>
      )}
    </figure>
  );
}

/** Draw into an element; returns a function that removes the chart. */
async function draw(element: HTMLElement, drawing: Drawing): Promise<() => void> {
  const [{ default: Plot }] = await Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")]);
  const { width } = element.getBoundingClientRect();
  const chart = new Plot(options(drawing, width, drawing.bars ? Plot.paths.bars?.({ size: [0.95] }) : undefined), drawing.data, element);
  const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
  resized.observe(element);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const again = () => chart.redraw();
  dark.addEventListener("change", again);
  const themed = new MutationObserver(again);
  themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    resized.disconnect();
    dark.removeEventListener("change", again);
    themed.disconnect();
    chart.destroy();
  };
}

function options(drawing: Drawing, width: number, bars: uPlot.Series.PathBuilder | undefined): uPlot.Options {
  const axis = (label: string): uPlot.Axis => ({
    label,
    stroke: () => colour("--ink"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { stroke: () => colour("--line"), width: 1 },
    values: (_, splits) => splits.map((value) => number(value, { maximumSignificantDigits: 4 })),
  });
  const range: uPlot.Range.MinMax = [0, 1];
  return {
    width,
    height: HEIGHT,
    legend: { show: drawing.series.length > 1 || !drawing.bars, live: true },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, ...(drawing.unit && { range: () => range }) }, y: drawing.unit ? { range: () => range } : {} },
    axes: [axis(drawing.x), axis(drawing.y)],
    series: [
      { label: drawing.x, value: (_, value: number | null) => (value === null ? "–" : number(value)) },
      ...drawing.series.map(({ filled, ...each }, position) => ({
        width: 2,
        spanGaps: true,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : number(value)),
        ...each,
        ...(bars && { paths: bars }),
        stroke: () => colour(`--series-${1 + (position % 8)}`),
        ...(filled && { fill: () => colour(`--series-${1 + (position % 8)}`) }),
      })),
    ],
  };
}

/** Return the current value of a colour variable: a canvas does not know variables. */
function colour(variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
