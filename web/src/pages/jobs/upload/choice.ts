/** What the chosen files are: one data file, images, a tar file of images, or nothing that can be scored. */
import { texts } from "../../../i18n";

const say = texts({
  mixed: ["Choose one data file, or images only.", "请选择一个数据文件，或只选择图像。"],
  several: ["Choose one data file at a time; only images can be several.", "一次只能选择一个数据文件，图像可以多选。"],
  unknown: ["{name} is no CSV, JSON Lines or Parquet file, no PNG or JPEG image, and no tar file of them.", "{name} 不是 CSV、JSON Lines、Parquet 文件，也不是 PNG 或 JPEG 图像，或图像的 tar 文件。"],
  empty: ["{name} is empty.", "{name} 是空文件。"],
});

const IMAGE = /\.(png|jpe?g)$/i;
const TAR = /\.tar$/i;
const DATA = /\.(csv|jsonl|ndjson)(\.gz)?$|\.(parquet|tar)$/i;

export const ACCEPTED = ".csv,.jsonl,.ndjson,.gz,.parquet,.tar,.png,.jpg,.jpeg";

export interface Choice {
  readonly files: readonly File[];
  readonly kind: "csv" | "rows" | "parquet" | "images";
  /** Whether the files are uploaded as the images of a folder. */
  readonly folder: boolean;
}

/** Return the choice, or a sentence that says why these files cannot be scored. */
export function choose(files: readonly File[]): Choice | string {
  const images = files.filter(({ name }) => IMAGE.test(name));
  const unknown = files.find(({ name }) => !IMAGE.test(name) && !DATA.test(name));
  const empty = files.find(({ size }) => size === 0);
  const [first] = files;
  if (unknown) return say.unknown({ name: unknown.name });
  if (empty) return say.empty({ name: empty.name });
  if (!first || (images.length && images.length < files.length)) return say.mixed();
  if (images.length) return { files, kind: "images", folder: true };
  if (files.length > 1) return say.several();
  if (TAR.test(first.name)) return { files, kind: "images", folder: false };
  const csv = /\.csv(\.gz)?$/i.test(first.name);
  return { files, kind: csv ? "csv" : /\.parquet$/i.test(first.name) ? "parquet" : "rows", folder: false };
}
