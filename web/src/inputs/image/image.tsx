/** An image: from a file, the clipboard, a drawing or the camera. */
import { useState } from "preact/hooks";
import type { InputField } from "../../api/types";
import { texts } from "../../i18n";
import type { EditProps, InputKind, Raw } from "../kind";
import { Camera } from "./camera";
import { DropZone } from "./drop";
import { dataAddress } from "./encoding";
import { DrawingPad } from "./pad";
import { pictureOf } from "./picture";

const say = texts({
  missing: ["There is no image yet.", "尚未选择图像。"],
  from: ["Image from", "图像来源"],
  file: ["File", "文件"],
  draw: ["Draw", "手绘"],
  camera: ["Camera", "摄像头"],
  sent: ["The image that is sent", "将要发送的图像"],
  reading: ["Reading the image…", "正在读取图像…"],
  model: ["This is sent. The model sees it as {width} × {height} pixels.", "将发送此图像，模型看到的大小为 {width} × {height} 像素。"],
});

/** A model with smaller images of one channel reads drawings. */
const DRAWN = 64;

function start(): Raw {
  return { b64: "" };
}

function fill(_field: InputField, example: unknown): Raw {
  const value: unknown = Array.isArray(example) ? example[0] : example;
  const text: unknown = typeof value === "object" && value !== null && "b64" in value ? value.b64 : value;
  return { b64: typeof text === "string" ? text : "" };
}

function read(field: InputField, raw: Raw) {
  if (raw.problem) return { value: null, problems: { b64: raw.problem } };
  if (raw.b64) return { value: raw.b64, problems: {} };
  return field.optional ? { value: undefined, problems: {} } : { value: null, problems: { b64: say.missing() } };
}

function isDrawn(field: InputField): boolean {
  return field.channels === 1 && Math.max(field.width ?? DRAWN + 1, field.height ?? DRAWN + 1) <= DRAWN;
}

type Source = "draw" | "file" | "camera";

function Edit({ field, raw, problems, onChange, examples }: EditProps) {
  const [source, setSource] = useState<Source>(isDrawn(field) ? "draw" : "file");
  const [reading, setReading] = useState(false);
  const take = async (file: Blob) => {
    setReading(true);
    onChange(await pictureOf(file, field).catch((error: Error) => ({ b64: "", problem: error.message })));
    setReading(false);
  };
  return (
    <div class="picture">
      <Sources field={field} chosen={source} onChoose={setSource} />
      {source === "draw" && <DrawingPad field={field} examples={examples} onChange={onChange} />}
      {source === "file" && <DropZone name={field.name} onFile={take} />}
      {source === "camera" && <Camera onPicture={take} />}
      {reading && <p role="status">{say.reading()}</p>}
      {problems.b64 && !reading && <p class={raw.problem ? "problem" : "hint"}>{problems.b64}</p>}
      {raw.b64 && <Preview field={field} raw={raw} />}
    </div>
  );
}

function Sources({ field, chosen, onChoose }: { readonly field: InputField; readonly chosen: Source; readonly onChoose: (source: Source) => void }) {
  const sources: readonly Source[] = isDrawn(field) ? ["draw", "file", "camera"] : ["file", "camera"];
  return (
    <div class="switch" role="group" aria-label={say.from()}>
      {sources.map((source) => (
        <button key={source} type="button" aria-pressed={source === chosen} onClick={() => onChoose(source)}>
          {say[source]()}
        </button>
      ))}
    </div>
  );
}

function Preview({ field, raw }: { readonly field: InputField; readonly raw: Raw }) {
  return (
    <figure class="preview">
      <img src={dataAddress(raw.b64 ?? "")} alt={say.sent()} />
      <figcaption class="hint">
        {raw.note} {field.width && field.height ? say.model({ width: field.width, height: field.height }) : ""}
      </figcaption>
    </figure>
  );
}

export const IMAGE: InputKind = { start, fill, read, Edit };
