import type { TabProps } from "./model";

export function DeviceTab({ model }: TabProps) {
  return <p>{model.name}</p>;
}
