/** Reports from the server. */
import { get, modelPath } from "../../../api/client";
import type { ModelDetails } from "../../../api/types";
import type { Report } from "./contents";

/** Return the report of a version, or null where it has none, for which no request is made. */
export async function reportOf(model: ModelDetails, version: number | null, signal: AbortSignal): Promise<Report | null> {
  if (!(await hasReport(model, version, signal))) return null;
  return get<Report>(modelPath(model.name, version, "/report?format=json"), signal);
}

/** The model says it of its default version, the manifest of any other. */
async function hasReport(model: ModelDetails, version: number | null, signal: AbortSignal): Promise<boolean> {
  if (version === model.version && model.report !== undefined) return model.report;
  const { files } = await get<{ readonly files: Readonly<Record<string, string>> }>(modelPath(model.name, version, "/manifest.json"), signal);
  return "report.json" in files;
}
