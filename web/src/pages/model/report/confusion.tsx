/** The confusion matrix: numbers in a table whose cells are shaded by the share of the target's rows. */
import { number, texts } from "../../../i18n";
import type { Output } from "./contents";
import { Table } from "../../../components/table";

const say = texts({
  caption: ["Rows by target (down) and prediction (across). The shade is the share of the target's rows.", "按目标（纵向）和预测（横向）统计的行数；颜色深浅表示占该目标行数的比例。"],
  corner: ["Target", "目标"],
  wrong: ["The most frequent confusions", "最常见的混淆"],
  predicted: ["Predicted", "预测"],
  rows: ["Rows", "行数"],
  right: ["Every row was predicted right.", "所有行的预测都正确。"],
});

/** With more classes only the confusions are shown. */
const DRAWN = 50;
const CONFUSIONS = 10;

export function ConfusionPart({ output }: { readonly output: Output }) {
  const { confusion = [], classes = [] } = output;
  const pairs = confusion.flatMap((row, target) => row.flatMap((count, prediction) => (count && target !== prediction ? [{ target, prediction, count }] : [])));
  pairs.sort((a, b) => b.count - a.count);
  return (
    <>
      {classes.length <= DRAWN && <Matrix classes={classes} counts={confusion} />}
      {pairs.length ? (
        <Table
          caption={say.wrong()}
          head={[say.corner(), say.predicted(), say.rows()]}
          rows={pairs.slice(0, CONFUSIONS).map(({ target, prediction, count }) => [classes[target] ?? "", classes[prediction] ?? "", number(count)])}
          text={[1]}
        />
      ) : (
        <p>{say.right()}</p>
      )}
    </>
  );
}

function Matrix({ classes, counts }: { readonly classes: readonly string[]; readonly counts: readonly (readonly number[])[] }) {
  return (
    <div class="scrolled" role="region" aria-label={say.caption()} tabIndex={0}>
      <table class="values matrix">
        <caption>{say.caption()}</caption>
        <thead>
          <tr>
            <th scope="col">
              {say.corner()} \ {say.predicted()}
            </th>
            {classes.map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.map((row, target) => (
            <tr key={target}>
              <th scope="row">{classes[target]}</th>
              {row.map((count, prediction) => (
                <Count key={prediction} count={count} total={row.reduce((sum, each) => sum + each, 0)} right={target === prediction} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Count({ count, total, right }: { readonly count: number; readonly total: number; readonly right: boolean }) {
  // At most half of the colour, so that the number stays readable on it.
  const strength = total && count ? 8 + (42 * count) / total : 0;
  const background = strength ? `color-mix(in srgb, var(${right ? "--accent" : "--warm"}) ${strength}%, transparent)` : "none";
  return (
    <td class="number" style={{ background }}>
      {number(count)}
    </td>
  );
}
