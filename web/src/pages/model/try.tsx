import type { TabProps } from "./model";

export function TryTab({ model }: TabProps) {
  return <p>{model.name}</p>;
}
