/** Checks of JSON that is typed by people. */
import { texts } from "../i18n";

const say = texts({
  empty: ["Write a value as JSON.", "请输入 JSON 值。"],
  notJson: ["Not JSON: {reason}", "不是有效的 JSON：{reason}"],
  list: ["Expected a list of {size} at {place}.", "在 {place} 处应为包含 {size} 个元素的列表。"],
  any: ["any number of elements", "任意数量"],
  size: ["Expected {size} elements at {place}, got {got}.", "在 {place} 处应有 {size} 个元素，实际为 {got} 个。"],
  deep: ["Expected one value at {place}, got a list.", "在 {place} 处应为单个值，实际为列表。"],
  start: ["the start", "开头"],
});

export function parsed(text: string): { readonly value: unknown; readonly problem: string | null } {
  if (text.trim() === "") return { value: null, problem: say.empty() };
  try {
    return { value: JSON.parse(text) as unknown, problem: null };
  } catch (error) {
    return { value: null, problem: say.notJson({ reason: error instanceof Error ? error.message : "" }) };
  }
}

/** Return why a row does not have a shape, or null. Tensors as `{"b64": …}` are left to the server. */
export function shapeProblem(value: unknown, shape: readonly (number | null)[], place: readonly number[] = []): string | null {
  if (typeof value === "object" && value !== null && "b64" in value) return null;
  const [size, ...rest] = shape;
  const where = { place: place.length ? place.map((index) => `[${index}]`).join("") : say.start() };
  if (size === undefined) return Array.isArray(value) ? say.deep(where) : null;
  if (!Array.isArray(value)) return say.list({ size: size ?? say.any(), ...where });
  if (size !== null && value.length !== size) return say.size({ size, got: value.length, ...where });
  return value.reduce<string | null>((found, item, index) => found ?? shapeProblem(item, rest, [...place, index]), null);
}
