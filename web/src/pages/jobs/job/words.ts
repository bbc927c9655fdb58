/** States of jobs and durations in words. */
import { number, texts } from "../../../i18n";
import type { JobState } from "../status";

const states = texts({
  splitting: ["reading the file", "正在读取文件"],
  running: ["scoring", "正在评分"],
  done: ["done", "已完成"],
  failed: ["failed", "失败"],
  cancelled: ["cancelled", "已取消"],
  closed: ["closed", "已关闭"],
  incomplete: ["incomplete", "未完成"],
} satisfies Record<JobState, readonly [string, string]>);

const say = texts({
  seconds: ["{count} s", "{count} 秒"],
  minutes: ["{count} min", "{count} 分钟"],
  hours: ["{count} h", "{count} 小时"],
});

export function stateName(state: JobState): string {
  return states[state]?.() ?? state;
}

export function duration(seconds: number): string {
  if (seconds < 90) return say.seconds({ count: number(Math.ceil(seconds)) });
  if (seconds < 5400) return say.minutes({ count: number(Math.ceil(seconds / 60)) });
  return say.hours({ count: number(seconds / 3600, { maximumFractionDigits: 1 }) });
}
