/** Boxes that a model found: drawn over the image that was sent, and listed with their scores. */
import type { Box } from "../api/types";
import { number, texts } from "../i18n";
import { dataAddress } from "../inputs/image/encoding";
import { percent } from "./numbers";

const say = texts({
  none: ["{name}: none found in this image.", "{name}：未在该图像中找到。"],
  found: ["{name}: {count} found, the best with {share}", "{name}：找到 {count} 个，最高得分 {share}"],
  drawn: ["The image with the boxes that are listed below it", "标有下列方框的图像"],
  box: ["Box", "方框"],
  score: ["Score", "得分"],
  place: ["Place in the image", "在图像中的位置"],
  edges: ["{left} from the left, {top} from the top, {width} wide, {height} high", "距左侧 {left}，距顶部 {top}，宽 {width}，高 {height}"],
  points: ["Points", "关键点"],
  point: ["{name}: {left} from the left, {top} from the top", "{name}：距左侧 {left}，距顶部 {top}"],
});

interface Props {
  /** The name of the output. */
  readonly name: string;
  readonly boxes: readonly Box[];
  /** The image as base64, empty where it is not known. */
  readonly b64: string;
}

export function BoxesView({ name, boxes, b64 }: Props) {
  const best = Math.max(...boxes.map(({ score }) => score));
  return (
    <>
      <p class="best" aria-live="polite">
        {boxes.length ? say.found({ name, count: number(boxes.length), share: percent(best) }) : say.none({ name })}
      </p>
      {b64 && <Drawn boxes={boxes} b64={b64} />}
      {boxes.length > 0 && <Listed boxes={boxes} />}
    </>
  );
}

function Drawn({ boxes, b64 }: { readonly boxes: readonly Box[]; readonly b64: string }) {
  return (
    <div class="drawn">
      <img src={dataAddress(b64)} alt={say.drawn()} />
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        {boxes.map((box, index) => (
          <Shape key={index} box={box} />
        ))}
      </svg>
      {boxes.map(({ box: [top, left] }, index) => (
        <span key={index} class="number" aria-hidden="true" style={{ left: share(left), top: `max(1.3rem, ${share(top)})` }}>
          {number(index + 1)}
        </span>
      ))}
    </div>
  );
}

/** Draw a box, and its points as lines without length, whose round ends keep their form in an image of any proportions. */
function Shape({ box: { box, points = {} } }: { readonly box: Box }) {
  const [top, left, bottom, right] = box.map(Number) as [number, number, number, number];
  return (
    <>
      <rect x={left} y={top} width={Math.max(0, right - left)} height={Math.max(0, bottom - top)} />
      {Object.entries(points).map(([name, [x, y]]) => (
        <path key={name} d={`M${Number(x)} ${Number(y)}h0`} />
      ))}
    </>
  );
}

function Listed({ boxes }: { readonly boxes: readonly Box[] }) {
  return (
    <table class="list boxes">
      <thead>
        <tr>
          <th scope="col">{say.box()}</th>
          <th scope="col">{say.score()}</th>
          <th scope="col">{say.place()}</th>
        </tr>
      </thead>
      <tbody>
        {boxes.map(({ box, score, points }, index) => (
          <tr key={index}>
            <th scope="row">{number(index + 1)}</th>
            <td>{percent(score)}</td>
            <td>
              {placeOf(box)}
              {points && <Points points={points} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Points({ points }: { readonly points: NonNullable<Box["points"]> }) {
  return (
    <details>
      <summary>{say.points()}</summary>
      <ul>
        {Object.entries(points).map(([name, [x, y]]) => (
          <li key={name}>{say.point({ name, left: whole(x), top: whole(y) })}</li>
        ))}
      </ul>
    </details>
  );
}

function placeOf([top, left, bottom, right]: Box["box"]): string {
  return say.edges({ left: whole(left), top: whole(top), width: whole(Number(right) - Number(left)), height: whole(Number(bottom) - Number(top)) });
}

function whole(fraction: number | null): string {
  return number(Number(fraction), { style: "percent", maximumFractionDigits: 0 });
}

/** Return a place as a share of the image, within it: the number of a box that begins outside stays visible. */
function share(fraction: number | null): string {
  return `${100 * Math.min(0.95, Math.max(0, Number(fraction)))}%`;
}
