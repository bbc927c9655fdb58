/** A model's routing in words, and what a rollback would change. */
import type { HistoryEntry } from "../../../api/types";
import { number, texts } from "../../../i18n";

const say = texts({
  share: ["version {version}: {share}", "版本 {version}：{share}"],
  none: ["none", "无"],
  label: ["Label “{label}”: {before} → {after}", "标签“{label}”：{before} → {after}"],
  version: ["version {number}", "版本 {number}"],
  traffic: ["Traffic: {before} → {after}", "流量：{before} → {after}"],
  mirrored: ["Mirrored: {before} → {after}", "镜像：{before} → {after}"],
  nothing: ["Labels and traffic stay as they are.", "标签和流量不变。"],
});

type Routing = Pick<HistoryEntry, "labels" | "traffic" | "mirrored">;

/** Format a number of percent. */
export function percent(share: number): string {
  return number(share / 100, { style: "percent", maximumFractionDigits: 2 });
}

export function trafficWords(traffic: Readonly<Record<string, number>>): string {
  return Object.entries(traffic).map(([version, share]) => say.share({ version, share: percent(share) })).join(", ") || say.none();
}

/** Return the shadow versions in words; fractions, not percent. */
export function mirrorWords(mirrored: Readonly<Record<string, number>>): string {
  return trafficWords(Object.fromEntries(Object.entries(mirrored).map(([version, fraction]) => [version, fraction * 100])));
}

/** Return the sentences that say what differs after a change. */
export function differences(before: Routing, after: Routing): readonly string[] {
  const labels = [...new Set([...Object.keys(before.labels), ...Object.keys(after.labels)])].filter((label) => before.labels[label] !== after.labels[label]);
  const found = labels.map((label) => say.label({ label, before: version(before.labels[label]), after: version(after.labels[label]) }));
  const traffic = { before: trafficWords(before.traffic), after: trafficWords(after.traffic) };
  const mirrored = { before: mirrorWords(before.mirrored), after: mirrorWords(after.mirrored) };
  if (traffic.before !== traffic.after) found.push(say.traffic(traffic));
  if (mirrored.before !== mirrored.after) found.push(say.mirrored(mirrored));
  return found.length ? found : [say.nothing()];
}

function version(number: number | undefined): string {
  return number === undefined ? say.none() : say.version({ number });
}
