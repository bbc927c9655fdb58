/** The place where files are dropped or chosen. */
import { useRef, useState } from "preact/hooks";
import { bytes, number, texts } from "../../../i18n";
import { ACCEPTED, type Choice, choose } from "../upload/choice";

const say = texts({
  drop: ["Drop a file here, or", "将文件拖到此处，或"],
  choose: ["Choose files", "选择文件"],
  formats: ["One CSV, JSON Lines or Parquet file (also .gz), one tar file of images, or any number of PNG and JPEG images.", "一个 CSV、JSON Lines 或 Parquet 文件（可为 .gz），一个图像的 tar 文件，或任意数量的 PNG、JPEG 图像。"],
  one: ["{name}, {size}", "{name}，{size}"],
  many: ["{count} images, {size}", "{count} 张图像，{size}"],
});

interface Props {
  readonly choice: Choice | null;
  readonly disabled: boolean;
  readonly onChange: (choice: Choice | null) => void;
}

export function FileChoice({ choice, disabled, onChange }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState("");
  const take = (files: FileList | null) => {
    if (!files?.length || disabled) return;
    const found = choose([...files]);
    setProblem(typeof found === "string" ? found : "");
    onChange(typeof found === "string" ? null : found);
  };
  return (
    <div
      class={over ? "drop over" : "drop"}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files ?? null);
      }}
    >
      <p>
        {say.drop()}{" "}
        <button type="button" disabled={disabled} onClick={() => field.current?.click()}>
          {say.choose()}
        </button>
      </p>
      <input ref={field} type="file" class="hidden" tabIndex={-1} aria-label={say.choose()} multiple accept={ACCEPTED} onChange={(event) => take(event.currentTarget.files)} />
      <p class="hint">{say.formats()}</p>
      {choice && <p class="chosen">{described(choice)}</p>}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function described({ files, kind }: Choice): string {
  const size = bytes(files.reduce((sum, file) => sum + file.size, 0));
  return kind === "images" && files.length > 1 ? say.many({ count: number(files.length), size }) : say.one({ name: files[0]?.name ?? "", size });
}
