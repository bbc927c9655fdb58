/** A list of named items: a search with suggestions, and the chosen items. */
import type { InputField } from "../../api/types";
import { Failure } from "../../components/states";
import { number, texts } from "../../i18n";
import { type EditProps, type InputKind, type Raw, elementId } from "../kind";
import { Chosen } from "./chosen";
import "./items.css";
import { useNames } from "./names";
import { Search } from "./search-box";

const say = texts({
  loading: ["Loading the names…", "正在加载名称…"],
  count: ["{chosen} of {names} chosen", "已选 {chosen} 个，共 {names} 个"],
  one: ["one of {names}", "共 {names} 个可选"],
  limit: ["{chosen} of at most {most} chosen, from {names}", "已选 {chosen} 个，最多 {most} 个，共 {names} 个可选"],
  many: ["{name}: at most {most} items.", "{name}：最多 {most} 个。"],
});

function start(): Raw {
  return { items: "[]" };
}

function fill(_field: InputField, example: unknown): Raw {
  const names = [example].flat(Number.POSITIVE_INFINITY).filter((item) => typeof item === "string");
  return { items: JSON.stringify(names) };
}

/** Return the chosen names; a link may hold anything. */
function chosenIn(raw: Raw): readonly string[] {
  try {
    const found: unknown = JSON.parse(raw.items ?? "[]");
    return Array.isArray(found) ? found.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}

function read(field: InputField, raw: Raw) {
  const names = chosenIn(raw);
  const many = field.most !== undefined && names.length > field.most;
  const problems: Record<string, string> = many ? { items: say.many({ name: field.name, most: field.most ?? 0 }) } : {};
  return { value: field.most === 1 ? (names[0] ?? null) : names, problems };
}

function Edit({ form, field, raw, problems, onChange }: EditProps) {
  const [loaded, again] = useNames(form, field.names ?? "");
  const chosen = chosenIn(raw);
  const id = elementId(field.name, "items");
  const choose = (names: readonly string[]) => onChange({ items: JSON.stringify(names) });
  const add = (name: string) => choose(field.most === 1 ? [name] : [...chosen, name]);
  const full = field.most !== undefined && field.most > 1 && chosen.length >= field.most;
  return (
    <div class="field items">
      <label for={id}>{field.name}</label>
      <Chosen names={chosen} onRemove={(index) => choose(chosen.filter((_, at) => at !== index))} />
      {loaded.state === "failed" && <Failure error={loaded.error} again={again} />}
      <Search
        id={id}
        names={loaded.state === "ready" ? loaded.value : []}
        chosen={chosen}
        full={full}
        onAdd={add}
        onRemoveLast={() => choose(chosen.slice(0, -1))}
      />
      <p class="hint" id={`${id}-hint`}>
        {loaded.state === "loading" ? say.loading() : counted(field, chosen.length)}
      </p>
      {problems.items && <p class="problem">{problems.items}</p>}
    </div>
  );
}

function counted({ most, count = 0 }: InputField, chosen: number): string {
  const numbers = { chosen: number(chosen), names: number(count) };
  if (most === 1) return say.one(numbers);
  return most === undefined ? say.count(numbers) : say.limit({ ...numbers, most: number(most) });
}

export const ITEMS: InputKind = { start, fill, read, Edit };
