import type { ModelTabProps } from "./model";

export function OperateTab({ model }: ModelTabProps) {
  return <p>{model.name}</p>;
}
