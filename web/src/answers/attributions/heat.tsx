/** Contributions of patches as a heat map over the image. */
import { useEffect, useRef, useState } from "preact/hooks";
import { number, texts } from "../../i18n";
import { dataAddress } from "../../inputs/image/encoding";
import { signed } from "../numbers";

const say = texts({
  map: ["Heat map of {name}: the strongest patch for the answer is in row {row}, column {column} of {rows} × {columns}.", "{name} 的热力图：对结果支持最强的区域位于 {rows} × {columns} 中第 {row} 行第 {column} 列。"],
  against: ["against {low}", "反对 {low}"],
  for: ["for {high}", "支持 {high}"],
  overlay: ["Heat map", "热力图"],
  table: ["Contributions as a table", "贡献表格"],
});

type Grid = readonly (readonly number[])[];

interface Props {
  readonly name: string;
  readonly grid: Grid;
  /** The image as base64, empty where the input is not an image. */
  readonly b64: string;
}

export function HeatMap({ name, grid, b64 }: Props) {
  const [strength, setStrength] = useState(0.7);
  const strongest = largest(grid);
  return (
    <figure class="heat">
      <div class="layers">
        {b64 && <img src={dataAddress(b64)} alt="" />}
        <Overlay grid={grid} strongest={strongest} opacity={b64 ? strength : 1} label={described(name, grid)} />
      </div>
      <figcaption>
        <span class="legend">
          <span>{say.against({ low: signed(-strongest) })}</span>
          <span class="scale" aria-hidden="true" />
          <span>{say.for({ high: signed(strongest) })}</span>
        </span>
        {b64 && (
          <label class="strength">
            {say.overlay()}
            <input type="range" min={0} max={1} step={0.05} value={strength} onInput={(event) => setStrength(event.currentTarget.valueAsNumber)} />
          </label>
        )}
        <Table grid={grid} />
      </figcaption>
    </figure>
  );
}

interface OverlayProps {
  readonly grid: Grid;
  readonly strongest: number;
  readonly opacity: number;
  readonly label: string;
}

function Overlay({ grid, strongest, opacity, label }: OverlayProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, grid, strongest);
  }, [grid]);
  return <canvas ref={canvas} width={grid[0]?.length ?? 1} height={grid.length} style={{ opacity }} role="img" aria-label={label} />;
}

/** Paint one pixel for each patch: blue for the answer, orange against it, transparent without effect. */
function paint(canvas: HTMLCanvasElement, grid: Grid, strongest: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  grid.forEach((row, y) =>
    row.forEach((value, x) => {
      const alpha = Math.min(1, Math.abs(value) / strongest);
      context.fillStyle = value < 0 ? `rgb(232 112 16 / ${alpha})` : `rgb(20 120 230 / ${alpha})`;
      context.fillRect(x, y, 1, 1);
    }),
  );
}

function largest(grid: Grid): number {
  return grid.flat().reduce((found, value) => Math.max(found, Math.abs(value)), 0) || 1;
}

function described(name: string, grid: Grid): string {
  const flat = grid.flat();
  const columns = grid[0]?.length ?? 1;
  const best = flat.reduce((found, value, index) => (value > (flat[found] ?? 0) ? index : found), 0);
  return say.map({ name, rows: grid.length, columns, row: Math.floor(best / columns) + 1, column: (best % columns) + 1 });
}

function Table({ grid }: { readonly grid: Grid }) {
  return (
    <details>
      <summary>{say.table()}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={say.table()}>
        <table class="grid">
          <tbody>
            {grid.map((row, y) => (
              <tr key={y}>
                {row.map((value, x) => (
                  <td key={x}>{number(value, { maximumSignificantDigits: 2 })}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
