import type { TabProps } from "./model";

export function ReportTab({ model }: TabProps) {
  return <p>{model.name}</p>;
}
