/** Booleans: true, false, 1 or 0. */
import { texts } from "../../../i18n";
import { DeviceError } from "../../errors";
import type { Conversion } from "./columns";

const say = texts({ wrong: ["“{name}” needs true, false, 1 or 0.", "“{name}”需要 true、false、1 或 0。"] });

export function boolean(name: string): Conversion {
  const convert = (cell: unknown) => {
    if (cell !== true && cell !== false && cell !== 0 && cell !== 1) throw new DeviceError(say.wrong({ name }));
    return [Number(cell)];
  };
  return { width: 1, convert };
}
