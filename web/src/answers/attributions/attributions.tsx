/** Attributions: contributions of columns as bars, of patches as a heat map, of words as colours. */
import type { Explanation } from "../../api/types";
import { ContributionBars, type Contribution } from "./bars";
import { HeatMap } from "./heat";
import { TokenColours } from "./tokens";

type Values = Explanation["attributions"][string];
type Grid = readonly (readonly number[])[];
type Token = { readonly token: string; readonly value: number };

interface Props {
  readonly explanation: Explanation;
  /** The value that was sent, by column. */
  readonly values: Readonly<Record<string, string>>;
  /** The image that was sent as base64, by input. */
  readonly images: Readonly<Record<string, string>>;
  /** Inputs of items, whose contributions are bars. */
  readonly items: readonly string[];
}

export function AttributionsView({ explanation, values, images, items }: Props) {
  const entries = Object.entries(explanation.attributions);
  const bars = entries.flatMap(([name, value]) => (items.includes(name) ? ofItems(name, value) : contributions(name, value, values)));
  return (
    <>
      {bars.length > 0 && <ContributionBars contributions={bars} />}
      {entries.map(([name, value]) => {
        if (isGrid(value)) return <HeatMap key={name} name={name} grid={value} b64={images[name] ?? ""} />;
        return isTokens(value) && !items.includes(name) ? <TokenColours key={name} name={name} tokens={value} /> : null;
      })}
    </>
  );
}

function contributions(name: string, value: Values, values: Props["values"]): readonly Contribution[] {
  if (typeof value === "number") return [{ name, shown: values[name] ?? "", value }];
  if (!isNumbers(value)) return [];
  return value.map((item, index) => ({ name: `${name}_${index}`, shown: values[`${name}_${index}`] ?? "", value: item }));
}

/** Return the contributions of items; the name of their input is shown beside them. */
function ofItems(name: string, value: Values): readonly Contribution[] {
  return isTokens(value) ? value.map(({ token, value: number }) => ({ name: token, shown: name, value: number })) : [];
}

function isNumbers(value: Values): value is readonly number[] {
  return Array.isArray(value) && typeof value[0] === "number";
}

function isGrid(value: Values): value is Grid {
  return Array.isArray(value) && Array.isArray(value[0]);
}

function isTokens(value: Values): value is readonly Token[] {
  return Array.isArray(value) && typeof value[0] === "object" && !Array.isArray(value[0]);
}
