/** Predictions on the device, for components. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError } from "../api/client";
import { asError } from "../api/loading";
import type { DeviceModel, DevicePrediction } from "./model";

export type Side<T> =
  | { readonly state: "none" | "pending" }
  | { readonly state: "failed"; readonly error: ApiError }
  | { readonly state: "ready"; readonly value: T };

/** Return a side that asks a question, and the function that asks it. */
export function useSide<T>(ask: (body: string) => Promise<T>): readonly [Side<T>, (body: string) => Promise<void>] {
  const [side, setSide] = useState<Side<T>>({ state: "none" });
  const run = async (body: string) => {
    setSide({ state: "pending" });
    try {
      setSide({ state: "ready", value: await ask(body) });
    } catch (error) {
      setSide({ state: "failed", error: asError(error) });
    }
  };
  return [side, run];
}

/** Return the predictions of a model that is opened at the first one, and closed when `key` changes. */
export function useDevice(open: () => Promise<DeviceModel>, key: string): readonly [Side<DevicePrediction>, (body: string) => Promise<void>] {
  const opened = useRef<Promise<DeviceModel> | null>(null);
  useEffect(() => {
    return () => {
      void opened.current?.then((model) => model.close(), () => undefined);
      opened.current = null;
    };
  }, [key]);
  return useSide(async (body) => {
    opened.current ??= open();
    try {
      return await (await opened.current).predict(body);
    } catch (error) {
      await opened.current?.catch(() => (opened.current = null)); // opened again at the next question
      throw error;
    }
  });
}
