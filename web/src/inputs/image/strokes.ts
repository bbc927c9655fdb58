/** Drawings: strokes on a canvas. */
import type { InputField } from "../../api/types";

export type Stroke = readonly (readonly [x: number, y: number])[];

const SIDE = 256;
/** Width of the pen relative to the image: digits in usual data have strokes of about an eighth of it. */
const PEN = 0.13;

/** Return the size of the pad: a multiple of the model's, so that each of its pixels is a square of the pad's. */
export function padSize(field: InputField): { readonly width: number; readonly height: number } {
  const [width, height] = [field.width ?? 28, field.height ?? 28];
  const pixel = Math.max(1, Math.floor(SIDE / Math.max(width, height)));
  return { width: width * pixel, height: height * pixel };
}

export function penWidth(field: InputField): number {
  const { width, height } = padSize(field);
  return PEN * Math.min(width, height);
}

export function paint(canvas: HTMLCanvasElement, strokes: readonly Stroke[], pen: number, dark: boolean): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.fillStyle = dark ? "black" : "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = dark ? "white" : "black";
  Object.assign(context, { lineWidth: pen, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) line(context, stroke);
}

function line(context: CanvasRenderingContext2D, stroke: Stroke): void {
  context.beginPath();
  const [first] = stroke;
  if (first) context.moveTo(...first);
  for (const point of stroke) context.lineTo(...point);
  context.stroke();
}
