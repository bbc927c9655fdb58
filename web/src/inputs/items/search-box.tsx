/** A combobox with a list of suggestions (ARIA Authoring Practices, editable combobox with list autocomplete). */
import { useState } from "preact/hooks";
import { texts } from "../../i18n";
import { suggestions } from "./search";

const say = texts({
  search: ["Search…", "搜索…"],
  full: ["Remove an item to add another one", "移除一个后才能再添加"],
  list: ["Suggestions", "建议"],
  none: ["No item has this name.", "没有此名称的项目。"],
});

interface Props {
  readonly id: string;
  readonly names: readonly string[];
  readonly chosen: readonly string[];
  readonly full: boolean;
  readonly onAdd: (name: string) => void;
  readonly onRemoveLast: () => void;
}

export function Search({ id, names, chosen, full, onAdd, onRemoveLast }: Props) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const found = open && !full ? suggestions(names, text, chosen) : [];
  const show = (value: string) => {
    setText(value);
    setActive(0);
    setOpen(true);
  };
  const add = (name: string | undefined) => {
    if (name === undefined) return;
    onAdd(name);
    show("");
    setOpen(false);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => (open ? setActive(Math.min(found.length - 1, active + 1)) : setOpen(true)),
    ArrowUp: () => setActive(Math.max(0, active - 1)),
    Enter: () => add(found[active]),
    Escape: () => (open ? setOpen(false) : setText("")),
  };
  const press = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the key belongs to an input method
    if (event.key === "Backspace" && text === "") return onRemoveLast();
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <div class="search">
      <input
        id={id}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        dir="auto"
        placeholder={full ? say.full() : say.search()}
        disabled={full}
        value={text}
        aria-autocomplete="list"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-describedby={`${id}-hint`}
        {...(found[active] !== undefined && { "aria-activedescendant": `${id}-${active}` })}
        onInput={(event) => show(event.currentTarget.value)}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={say.list()} hidden={found.length === 0}>
        {found.map((name, index) => (
          // The list would close before the click if the field lost its focus.
          <li
            key={name}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => add(name)}
          >
            <bdi>{name}</bdi>
          </li>
        ))}
      </ul>
      {open && !full && text.trim() !== "" && names.length > 0 && found.length === 0 && (
        <p class="hint" role="status">
          {say.none()}
        </p>
      )}
    </div>
  );
}
