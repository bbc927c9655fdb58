/** Options of a job, by what the files are. */
import { texts } from "../../../i18n";
import type { Choice } from "../upload/choice";

const say = texts({
  options: ["Options", "选项"],
  output: ["Result", "结果"],
  same: ["one file in the format of the input", "与输入格式相同的一个文件"],
  csv: ["one CSV file", "一个 CSV 文件"],
  parquet: ["Parquet, in parts", "Parquet（分多个文件）"],
  header: ["First row of the CSV", "CSV 首行"],
  detect: ["decide by the model's columns", "按模型的列自动判断"],
  names: ["names the columns", "是列名"],
  data: ["is data", "是数据"],
  threshold: ["Stop when this many percent of the rows are rejected", "被拒绝的行超过此百分比时停止"],
  never: ["never", "不停止"],
  target: ["Column with the true value, for metrics", "真实值所在的列（用于计算指标）"],
  none: ["none", "无"],
  safe: ["Make text harmless for spreadsheets", "防止电子表格将文本作为公式执行"],
});

export interface Options {
  readonly output: "" | "parquet";
  readonly header: "" | "true" | "false";
  /** In percent; empty for never. */
  readonly threshold: string;
  readonly target: string;
  readonly safe: boolean;
}

export const DEFAULTS: Options = { output: "", header: "", threshold: "", target: "", safe: false };

/** Return the options as the server takes them. */
export function toServer({ output, header, threshold, target, safe }: Options, kind: Choice["kind"]): Record<string, unknown> {
  const parquet = output === "parquet" || kind === "parquet";
  return {
    ...(output && kind !== "parquet" && { output }),
    ...(!parquet && { single: true }),
    ...(kind === "csv" && header && { header: header === "true" }),
    ...(threshold !== "" && { threshold: percentOf(threshold) }),
    ...(target && { target }),
    ...(safe && !parquet && { safe }),
  };
}

/** Below 1 the server reads a fraction, so that a hundred percent is the largest of them. */
function percentOf(threshold: string): number {
  return Math.min(0.999999, Number(threshold) / 100);
}

export function valid({ threshold }: Options): boolean {
  return threshold === "" || (Number(threshold) >= 0 && Number(threshold) <= 100);
}

interface Props {
  readonly options: Options;
  readonly kind: Choice["kind"];
  readonly onChange: (options: Options) => void;
}

export function OptionFields({ options, kind, onChange }: Props) {
  return (
    <details class="options">
      <summary>{say.options()}</summary>
      <div class="fields">
        {kind !== "parquet" && (
          <label>
            {say.output()}
            <select value={options.output} onChange={(event) => onChange({ ...options, output: event.currentTarget.value as Options["output"] })}>
              <option value="">{kind === "images" ? say.csv() : say.same()}</option>
              <option value="parquet">{say.parquet()}</option>
            </select>
          </label>
        )}
        {kind === "csv" && (
          <label>
            {say.header()}
            <select value={options.header} onChange={(event) => onChange({ ...options, header: event.currentTarget.value as Options["header"] })}>
              <option value="">{say.detect()}</option>
              <option value="true">{say.names()}</option>
              <option value="false">{say.data()}</option>
            </select>
          </label>
        )}
        <label>
          {say.threshold()}
          <input
            type="number"
            min="0"
            max="100"
            step="any"
            placeholder={say.never()}
            value={options.threshold}
            aria-invalid={!valid(options)}
            onInput={(event) => onChange({ ...options, threshold: event.currentTarget.value })}
          />
        </label>
        {kind !== "images" && (
          <label>
            {say.target()}
            <input placeholder={say.none()} value={options.target} onInput={(event) => onChange({ ...options, target: event.currentTarget.value })} />
          </label>
        )}
        {kind === "csv" && (
          <label class="check">
            <input type="checkbox" checked={options.safe} onChange={(event) => onChange({ ...options, safe: event.currentTarget.checked })} /> {say.safe()}
          </label>
        )}
      </div>
    </details>
  );
}
