import type { ModelTabProps } from "./model";

export function ReportTab({ model }: ModelTabProps) {
  return <p>{model.name}</p>;
}
