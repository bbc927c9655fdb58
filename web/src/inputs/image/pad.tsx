/** A pad to draw small images of one channel on, such as digits. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { InputField } from "../../api/types";
import { texts } from "../../i18n";
import type { Raw } from "../kind";
import { base64, blobOf } from "./encoding";
import { brightness } from "./picture";
import { type Stroke, paint, padSize, penWidth } from "./strokes";

const say = texts({
  pad: ["Drawing pad. With a keyboard, choose an example or a file instead.", "手绘板。使用键盘时，请改为选择示例或文件。"],
  draw: ["Draw with a finger, a pen or the mouse.", "用手指、触控笔或鼠标绘制。"],
  undo: ["Undo", "撤销"],
  clear: ["Clear", "清除"],
});

interface Props {
  readonly field: InputField;
  readonly examples: readonly Raw[];
  readonly onChange: (raw: Raw) => void;
}

export function DrawingPad({ field, examples, onChange }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const dark = useDarkGround(examples[0]?.b64);
  const size = padSize(field);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, strokes, penWidth(field), dark);
  }, [strokes, dark]);
  const finish = async (drawn: readonly Stroke[]) => {
    setStrokes(drawn);
    if (!canvas.current) return;
    paint(canvas.current, drawn, penWidth(field), dark);
    onChange({ b64: drawn.length ? await png(canvas.current) : "" });
  };
  const pen = usePen(canvas, strokes, setStrokes, finish);
  return (
    <div class="pad">
      <canvas ref={canvas} {...size} {...pen} role="img" aria-label={say.pad()} />
      <p class="hint">{say.draw()}</p>
      <div class="row">
        <button type="button" disabled={!strokes.length} onClick={() => finish(strokes.slice(0, -1))}>
          {say.undo()}
        </button>
        <button type="button" disabled={!strokes.length} onClick={() => finish([])}>
          {say.clear()}
        </button>
      </div>
    </div>
  );
}

/** Return the listeners that draw while a pointer is down. */
function usePen(
  canvas: { readonly current: HTMLCanvasElement | null },
  strokes: readonly Stroke[],
  show: (strokes: readonly Stroke[]) => void,
  finish: (strokes: readonly Stroke[]) => void,
) {
  const current = useRef<Stroke | null>(null);
  const point = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current?.getBoundingClientRect() ?? new DOMRect(0, 0, 1, 1);
    const scale = (canvas.current?.width ?? 1) / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const add = (event: PointerEvent) => {
    current.current = [...(current.current ?? []), point(event)];
    show([...strokes.slice(0, begun.current), current.current]);
  };
  const begun = useRef(0);
  return {
    onPointerDown: (event: PointerEvent) => {
      canvas.current?.setPointerCapture(event.pointerId);
      begun.current = strokes.length;
      add(event);
    },
    onPointerMove: (event: PointerEvent) => current.current && add(event),
    onPointerUp: () => {
      if (current.current) finish([...strokes.slice(0, begun.current), current.current]);
      current.current = null;
    },
    onPointerCancel: () => {
      current.current = null;
      show(strokes.slice(0, begun.current));
    },
  };
}

/** Return whether the recorded images are light on dark; so are drawings without any. */
function useDarkGround(example: string | undefined): boolean {
  const [dark, setDark] = useState(true);
  useEffect(() => {
    if (!example) return;
    brightness(blobOf(example)).then((mean) => setDark(mean < 0.5), () => setDark(true));
  }, [example]);
  return dark;
}

async function png(canvas: HTMLCanvasElement): Promise<string> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  return blob ? base64(blob) : "";
}
