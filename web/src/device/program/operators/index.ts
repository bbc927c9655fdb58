/**
 * Operators of preprocessing programs by group, as in `src/lightship/preprocessing/operators`. A program runs only if all of its
 * operators are here, so each gives numpy's result bit for bit. Not here are matrix products, sums of squares, `exp` and `log1p`,
 * whose last bits depend on the server's processor, and what needs a library of Python.
 */
import { type Operator, Unknown } from "../operator";
import { ARRAYS } from "./arrays";
import { ELEMENTWISE } from "./elementwise";
import { HASHING } from "./hashing";
import { LITERALS } from "./literals";
import { LOOKUP } from "./lookup";
import { RAGGED } from "./ragged";
import { SHAPES } from "./shapes";
import { SPLITTING } from "./splitting";
import { STRINGS } from "./strings";
import { TABLES } from "./tables";
import { UNICODE } from "./unicode";

const GROUPS: Readonly<Record<string, Readonly<Record<string, Operator>>>> = {
  arrays: ARRAYS,
  elementwise: ELEMENTWISE,
  hashing: HASHING,
  literals: LITERALS,
  lookup: LOOKUP,
  ragged: RAGGED,
  shapes: SHAPES,
  splitting: SPLITTING,
  strings: STRINGS,
  tables: TABLES,
  unicode: UNICODE,
};

/** Return an operator by its name `group.name`; raises Unknown. */
export function operatorOf(name: string): Operator {
  const [group = "", short = ""] = name.split(".", 2);
  const operators = Object.hasOwn(GROUPS, group) ? GROUPS[group] : undefined;
  const operator = operators && Object.hasOwn(operators, short) ? operators[short] : undefined;
  if (!operator) throw new Unknown();
  return operator;
}
