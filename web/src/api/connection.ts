/** Whether the server answers: known from the browser's network state and from each request. */
import { useEffect, useState } from "preact/hooks";

const CHANGED = "lightship-connection";
let reached = true;

/** Record whether a request received an answer. */
export function recordAnswer(arrived: boolean): void {
  if (arrived === reached) return;
  reached = arrived;
  window.dispatchEvent(new Event(CHANGED));
}

/** Return whether the server answered the last request and the browser has a network. */
export function useConnected(): boolean {
  const connected = () => reached && navigator.onLine;
  const [current, setCurrent] = useState(connected);
  useEffect(() => {
    const update = () => setCurrent(connected());
    const names = [CHANGED, "online", "offline"];
    for (const name of names) window.addEventListener(name, update);
    return () => {
      for (const name of names) window.removeEventListener(name, update);
    };
  }, []);
  return current;
}
