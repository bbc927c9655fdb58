/** The chosen items, each with a button that removes it. */
import { texts } from "../../i18n";

const say = texts({
  chosen: ["Chosen", "已选"],
  remove: ["Remove {name}", "移除 {name}"],
});

interface Props {
  readonly names: readonly string[];
  readonly onRemove: (index: number) => void;
}

export function Chosen({ names, onRemove }: Props) {
  if (names.length === 0) return null;
  return (
    <ul class="chips" aria-label={say.chosen()}>
      {names.map((name, index) => (
        <li key={`${index} ${name}`}>
          <bdi>{name}</bdi>
          <button type="button" aria-label={say.remove({ name })} onClick={() => onRemove(index)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
