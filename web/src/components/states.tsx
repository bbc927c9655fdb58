/** What a page shows while it loads, when loading failed, and when there is nothing. */
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ApiError } from "../api/client";
import type { Loaded } from "../api/loading";
import { texts } from "../i18n";

const say = texts({
  loading: ["Loading…", "加载中…"],
  again: ["Try again", "重试"],
  above: ["See the reason above.", "原因见上方。"],
});

/** The message of an error that the page shows at its top, which no part of it repeats. */
export const ShownAbove = createContext("");

interface ShownProps<T> {
  readonly of: Loaded<T>;
  readonly again?: () => void;
  readonly children: (value: T) => ComponentChildren;
}

/** Show a loaded value, or its state. */
export function Shown<T>({ of, again, children }: ShownProps<T>) {
  if (of.state === "ready") return <>{children(of.value)}</>;
  if (of.state === "failed") return <Failure error={of.error} {...(again && { again })} />;
  return (
    <p class="loading" role="status">
      {say.loading()}
    </p>
  );
}

/** Show an error, and a button that repeats the request where that may help. */
export function Failure({ error, again }: { readonly error: ApiError; readonly again?: () => void }) {
  const above = useContext(ShownAbove);
  return (
    <div class="failure" role="alert">
      <p>{error.message === above ? say.above() : error.message}</p>
      {again && error.temporary && (
        <button type="button" onClick={again}>
          {say.again()}
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
