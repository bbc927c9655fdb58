/** The changes of labels and traffic, and the way back to each. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { History, HistoryEntry } from "../../../api/types";
import { language, texts } from "../../../i18n";
import { Table } from "../../../components/table";
import type { Changes } from "./changes";
import { differences, trafficWords } from "./words";

const say = texts({
  title: ["History", "历史"],
  number: ["Entry", "编号"],
  change: ["Change", "更改"],
  at: ["Time", "时间"],
  labels: ["Labels", "标签"],
  traffic: ["Traffic", "流量"],
  current: ["in force", "当前生效"],
  restore: ["Restore", "恢复"],
  restoreEntry: ["Restore entry {number}", "恢复第 {number} 条"],
  back: ["Roll back…", "回滚…"],
  ask: ["Restore entry {number} of the history?", "恢复历史第 {number} 条？"],
  effect: ["This changes which version answers:", "这将改变应答的版本："],
  confirm: ["Restore it", "确认恢复"],
  cancel: ["Cancel", "取消"],
  none: ["There were no changes yet.", "尚无更改。"],
});

interface Props {
  readonly history: History;
  /** Null where nothing may be changed. */
  readonly changes: Changes | null;
}

export function HistoryPart({ history, changes }: Props) {
  const [asked, setAsked] = useState<HistoryEntry | null>(null);
  const current = history.entries.find((entry) => entry.current);
  const previous = history.entries.find((entry) => entry.number === history.previous);
  const rows = history.entries.map((entry) => [
    String(entry.number),
    entry.change,
    entry.at ? new Date(entry.at).toLocaleString(language()) : "–",
    Object.entries(entry.labels).map(([label, version]) => `${label}: ${version}`).join(", "),
    trafficWords(entry.traffic),
    entry.current ? say.current() : changes && <Restore key="restore" entry={entry} disabled={changes.pending} ask={setAsked} />,
  ]);
  const head = [say.number(), say.change(), say.at(), say.labels(), say.traffic(), ""];
  return (
    <section class="part" aria-labelledby="operate-history">
      <h2 id="operate-history">{say.title()}</h2>
      {changes && previous && (
        <button type="button" disabled={changes.pending} onClick={() => setAsked(previous)}>
          {say.back()}
        </button>
      )}
      {rows.length ? <Table caption={say.title()} head={head} rows={rows} text={[1, 2, 3, 4, 5]} headed /> : <p class="empty">{say.none()}</p>}
      {changes && asked && current && (
        <Confirm
          entry={asked}
          sentences={differences(current, asked)}
          close={(confirmed) => {
            setAsked(null);
            if (confirmed) void changes.change("rollback", asked.number === history.previous ? {} : { to: asked.number });
          }}
        />
      )}
    </section>
  );
}

function Restore({ entry, disabled, ask }: { readonly entry: HistoryEntry; readonly disabled: boolean; readonly ask: (entry: HistoryEntry) => void }) {
  return (
    <button type="button" disabled={disabled} aria-label={say.restoreEntry({ number: entry.number })} onClick={() => ask(entry)}>
      {say.restore()}
    </button>
  );
}

interface ConfirmProps {
  readonly entry: HistoryEntry;
  readonly sentences: readonly string[];
  readonly close: (confirmed: boolean) => void;
}

function Confirm({ entry, sentences, close }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm" onCancel={() => close(false)}>
      <h2 id="confirm">{say.ask({ number: entry.number })}</h2>
      <p>{say.effect()}</p>
      <ul>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <div class="choices">
        <button type="button" class="primary" onClick={() => close(true)}>
          {say.confirm()}
        </button>
        <button type="button" onClick={() => close(false)}>
          {say.cancel()}
        </button>
      </div>
    </dialog>
  );
}
