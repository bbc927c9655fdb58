/** What follows a change of the page, which loads no new document: the name of the browser's tab, and the focus. */
import { useEffect, useRef } from "preact/hooks";

/** Name the tab after the page; move the focus to the content of the next page where the followed link is gone. */
export function useArrival(title: string): void {
  const loading = useRef(true);
  useEffect(() => {
    document.title = `${title} · Lightship`;
    if (!loading.current && document.activeElement === document.body) document.getElementById("content")?.focus({ preventScroll: true });
    loading.current = false;
  }, [title]);
}
