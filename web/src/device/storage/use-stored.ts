/** The stored models, for components. */
import { useEffect, useState } from "preact/hooks";
import { type Stored, storedModels } from "./stored";

const CHANGED = "lightship-stored";

/** Return the stored models, again when one is stored or removed; null until they are known. */
export function useStored(): readonly Stored[] | null {
  const [found, setFound] = useState<readonly Stored[] | null>(null);
  useEffect(() => {
    const update = () => void storedModels().then(setFound, () => setFound([]));
    update();
    window.addEventListener(CHANGED, update);
    return () => window.removeEventListener(CHANGED, update);
  }, []);
  return found;
}

/** Tell the components that models were stored or removed. */
export function storedChanged(): void {
  window.dispatchEvent(new Event(CHANGED));
}
