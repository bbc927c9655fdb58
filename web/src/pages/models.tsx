/** All models as cards. */
import { useState } from "preact/hooks";
import { get } from "../api/client";
import { useLoaded } from "../api/loading";
import type { ModelSummary, Settings } from "../api/types";
import { Empty, Shown } from "../components/states";
import { number, texts } from "../i18n";
import { ModelCard } from "./models/card";
import { FirstModel } from "./models/first";
import "./models/models.css";
import { ORDERS, type Order, found } from "./models/search";

const say = texts({
  title: ["Models", "模型"],
  hint: ["Choose a model to try it in this page.", "选择一个模型，在本页面中试用。"],
  search: ["Search", "搜索"],
  order: ["Sort by", "排序"],
  name: ["name", "名称"],
  size: ["size", "大小"],
  state: ["failed first", "失败优先"],
  nothing: ["No model matches “{words}”.", "没有与“{words}”匹配的模型。"],
  count: ["{count} of {all} models", "{all} 个模型中的 {count} 个"],
});

/** With more models there is a search. */
const FEW = 8;

export function ModelsPage({ settings }: { readonly settings: Settings }) {
  const [models, again] = useLoaded((signal) => get<{ models: ModelSummary[] }>("models", signal), []);
  return (
    <>
      <h1>{say.title()}</h1>
      <Shown of={models} again={again}>
        {({ models: all }) => (all.length ? <Models all={all} /> : <FirstModel stack={settings.jobs} again={again} />)}
      </Shown>
    </>
  );
}

function Models({ all }: { readonly all: readonly ModelSummary[] }) {
  const [words, setWords] = useState("");
  const [order, setOrder] = useState<Order>("name");
  const shown = found(all, words, order);
  return (
    <>
      <p class="faint">{say.hint()}</p>
      {all.length > FEW && (
        <div class="finder" role="search">
          <label>
            {say.search()} <input type="search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
          </label>
          <label>
            {say.order()}{" "}
            <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
              {ORDERS.map((each) => (
                <option key={each} value={each}>
                  {say[each]()}
                </option>
              ))}
            </select>
          </label>
          <span class="hint" role="status">
            {say.count({ count: number(shown.length), all: number(all.length) })}
          </span>
        </div>
      )}
      {shown.length === 0 && <Empty>{say.nothing({ words })}</Empty>}
      <ul class="cards">
        {shown.map((model) => (
          <ModelCard key={model.name} model={model} />
        ))}
      </ul>
    </>
  );
}
