/** Limits of the arrays that operators make, as `src/lightship/preprocessing/operators/sizes.py`. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";
import { Unsuitable, sizeOf } from "./values";

const say = texts({
  large: [
    "the preprocessing of this request takes {form} entries, where each row takes as many as the longest, and {most} are the most: send fewer rows, and long texts in requests of their own",
    "此请求的预处理需要 {form} 个元素（每行与最长的一行相同），最多为 {most} 个：请减少行数，长文本请单独发送",
  ],
});

const MOST_ENTRIES = 2 ** 26;

/** Return sizes; raises DeviceError for too many entries. */
export function affordable(sizes: readonly number[], most = MOST_ENTRIES): readonly number[] {
  if (sizeOf(sizes) > most) throw new DeviceError(say.large({ form: sizes.join(" x "), most: String(most) }));
  return sizes;
}

/** Raise Unsuitable unless splits are ascending positions among a number of values. */
export function checkSplits(splits: readonly number[], count: number): void {
  const ascending = splits.every((split, index) => index === 0 || split >= (splits[index - 1] as number));
  if (!splits.length || (splits[0] as number) < 0 || (splits.at(-1) as number) > count || !ascending) throw new Unsuitable("the splits of rows are not ascending");
}
