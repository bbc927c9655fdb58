/** The draft of each model, in memory, so that it survives a change of tab or version. */
import { useEffect, useState } from "preact/hooks";
import type { Form } from "../../../api/types";
import { type Draft, firstDraft } from "../../../inputs/draft";
import { draftFrom } from "./fragment";

const kept = new Map<string, Draft>();

/** Return the draft of a model: that of the address, the one before, or the first recorded row. */
export function useDraft(form: Form, input: string): readonly [Draft, (change: (draft: Draft) => Draft) => void] {
  const begin = () => draftFrom(form, input) ?? fitting(form, kept.get(form.model)) ?? firstDraft(form);
  const [draft, setDraft] = useState(begin);
  useEffect(() => setDraft(begin), [form, input]);
  const change = (changed: (draft: Draft) => Draft) =>
    setDraft((before) => {
      const after = changed(before);
      kept.set(form.model, after);
      return after;
    });
  return [draft, change];
}

/** Return a draft if another version's form, which may have other inputs, can show it. */
function fitting(form: Form, draft: Draft | undefined): Draft | null {
  const names = form.inputs.map(({ name }) => name);
  return draft && names.length === Object.keys(draft.raws).length && names.every((name) => draft.raws[name]) ? draft : null;
}
