/** Tables of values; wide ones scroll in their own box. */
import type { ComponentChildren } from "preact";
import "./table.css";

export type Cell = string | number | ComponentChildren;

interface Props {
  readonly caption: string;
  readonly head: readonly Cell[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Cell[])[];
  /** Columns of text, by position; the others are numbers. The first is text. */
  readonly text?: readonly number[];
  /** Whether a heading above has the words of the caption, which is then for screen readers only. */
  readonly headed?: boolean;
}

export function Table({ caption, head, rows, text = [], headed = false }: Props) {
  if (!rows.length) return null;
  const kind = (column: number) => (text.includes(column) ? undefined : "number");
  return (
    <div class="scrolled" role="region" aria-label={caption} tabIndex={0}>
      <table class="values">
        <caption class={headed ? "hidden" : undefined}>{caption}</caption>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th key={column} scope="col" class={column ? kind(column) : undefined}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...others], row) => (
            <tr key={row}>
              <th scope="row">{first}</th>
              {others.map((cell, column) => (
                <td key={column} class={kind(column + 1)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
