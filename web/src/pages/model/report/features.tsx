/** Parts about columns: their importance and their statistics in the data. */
import { number, texts } from "../../../i18n";
import type { Content, Feature } from "./contents";
import { Table } from "../../../components/table";
import { plainNumber } from "./values";

const say = texts({
  method: ["Method: {method}.", "方法：{method}。"],
  importance: ["Importance of features", "特征重要性"],
  feature: ["Feature", "特征"],
  value: ["Importance", "重要性"],
  numbers: ["Statistics of numbers", "数值列统计"],
  categories: ["Values of categories and their rows", "类别取值及其行数"],
  values: ["Values", "取值"],
  missing: ["missing", "缺失"],
  mean: ["mean", "均值"],
  std: ["deviation", "标准差"],
  min: ["smallest", "最小"],
  median: ["median", "中位数"],
  max: ["largest", "最大"],
  others: ["{count} of other values", "其他取值 {count} 行"],
});

export function ImportancePart({ importance }: { readonly importance: NonNullable<Content["importance"]> }) {
  const features = [...importance.features].sort((a, b) => Math.abs(b.importance) - Math.abs(a.importance));
  const largest = Math.abs(features[0]?.importance ?? 0) || 1;
  const rows = features.map(({ feature, importance: value }) => [
    feature,
    plainNumber(value),
    <span key="bar" class="bar-track" aria-hidden="true">
      <span class={value < 0 ? "bar-fill negative" : "bar-fill"} style={{ width: `${(100 * Math.abs(value)) / largest}%` }} />
    </span>,
  ]);
  return (
    <>
      <p class="hint">{say.method({ method: importance.method })}</p>
      <Table caption={say.importance()} head={[say.feature(), say.value(), ""]} rows={rows} text={[2]} />
    </>
  );
}

export function BaselinePart({ features }: { readonly features: readonly Feature[] }) {
  const numbers = features.filter((each) => !each.categories);
  const others = features.filter((each) => each.categories);
  return (
    <>
      <Table
        caption={say.numbers()}
        head={[say.feature(), say.missing(), say.mean(), say.std(), say.min(), say.median(), say.max()]}
        rows={numbers.map((each) => [each.name, ...[each.missing, each.mean, each.std, each.min, median(each), each.max].map(plainNumber)])}
      />
      <Table caption={say.categories()} head={[say.feature(), say.values()]} rows={others.map((each) => [each.name, listed(each)])} text={[1]} />
    </>
  );
}

function median({ quantiles = [] }: Feature): number | undefined {
  return quantiles[Math.floor(quantiles.length / 2)];
}

function listed({ categories = {}, others }: Feature): string {
  const counts = Object.entries(categories).map(([name, rows]) => `${name}: ${number(rows)}`);
  return [...counts, ...(others ? [say.others({ count: number(others) })] : [])].join(", ");
}
