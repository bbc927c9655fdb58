import type { TabProps } from "./model";

export function OperateTab({ model }: TabProps) {
  return <p>{model.name}</p>;
}
