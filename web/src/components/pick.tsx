/** A list in the header: on a phone, where the header has one line, it is a sign that opens the list. */
import type { ComponentChildren } from "preact";

interface Props<T extends string> {
  readonly label: string;
  readonly sign: ComponentChildren;
  readonly value: T;
  readonly options: readonly (readonly [value: T, label: string])[];
  readonly onChoose: (value: T) => void;
}

export function Pick<T extends string>({ label, sign, value, options, onChoose }: Props<T>) {
  return (
    <span class="pick">
      <span class="sign" aria-hidden="true">
        {sign}
      </span>
      <select aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value as T)}>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </span>
  );
}
