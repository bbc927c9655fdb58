/** Parts about rows of the data: slices and the worst mistakes. */
import { number, texts } from "../../../i18n";
import type { Mistake, Slice } from "./contents";
import { withInterval } from "./metrics";
import { Table } from "../../../components/table";
import { MAIN, metricName, plain, plainNumber } from "./values";

const say = texts({
  slice: ["Metrics by {column}", "按“{column}”划分的指标"],
  rows: ["Rows", "行数"],
  worst: ["The rows with the largest loss", "损失最大的行"],
  row: ["Row", "行"],
  target: ["Target", "目标"],
  predicted: ["Predicted", "预测"],
  loss: ["Loss", "损失"],
  instead: ["{predicted} in place of {target}", "预测为 {predicted}，目标为 {target}"],
  place: ["row {row}", "第 {row} 行"],
});

/** A report may come from another publisher: no address but a picture's own content. */
const PICTURE = /^data:image\/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}$/;
const COLUMNS = 12;
/** Columns before those of the data: row, target, prediction, loss. */
const FIXED = 4;
const METRICS = 4;
const ORDER = [...new Set(Object.values(MAIN).flat())];

export function SlicesPart({ slices }: { readonly slices: readonly Slice[] }) {
  return (
    <>
      {slices.map((slice) => {
        const found = new Set(slice.values.flatMap((each) => Object.keys(each.metrics)));
        const names = [...ORDER.filter((name) => found.has(name)), ...found].filter((name, at, all) => all.indexOf(name) === at).slice(0, METRICS);
        const rows = slice.values.map((each) => [plain(each.value), number(each.rows), ...names.map((name) => withInterval(each.metrics[name]))]);
        return <Table key={slice.column} caption={say.slice({ column: slice.column })} head={[slice.column, say.rows(), ...names.map(metricName)]} rows={rows} />;
      })}
    </>
  );
}

export function WorstPart({ worst }: { readonly worst: readonly Mistake[] }) {
  if (worst.every(({ image }) => image && PICTURE.test(image))) return <Pictures worst={worst} />;
  const columns = [...new Set(worst.flatMap((row) => Object.keys(row.cells ?? {})))].slice(0, COLUMNS);
  const text = [1, 2, ...columns.flatMap((name, at) => (worst.some((row) => typeof row.cells?.[name] === "string") ? [FIXED + at] : []))];
  const rows = worst.map((row) => [number(row.row), plain(row.target), plain(row.predicted), plainNumber(row.loss), ...columns.map((name) => plain(row.cells?.[name]))]);
  return <Table caption={say.worst()} head={[say.row(), say.target(), say.predicted(), say.loss(), ...columns]} rows={rows} text={text} />;
}

function Pictures({ worst }: { readonly worst: readonly Mistake[] }) {
  return (
    <ul class="pictures">
      {worst.map((row) => {
        const words = say.instead({ predicted: plain(row.predicted), target: plain(row.target) });
        return (
          <li key={row.row}>
            <img src={row.image} alt="" loading="lazy" />
            <span>{words}</span>
            <small>
              {row.place ?? say.place({ row: row.row })}, {say.loss()} {plainNumber(row.loss)}
            </small>
          </li>
        );
      })}
    </ul>
  );
}
