/** All models as cards. */
import { get } from "../api/client";
import { useLoaded } from "../api/loading";
import type { ModelSummary } from "../api/types";
import { Empty, Shown } from "../components/states";
import { texts } from "../i18n";
import { to } from "../router";

const say = texts({
  title: ["Models", "模型"],
  none: ["There are no models yet.", "还没有模型。"],
});

export function ModelsPage() {
  const [models, again] = useLoaded((signal) => get<{ models: ModelSummary[] }>("models", signal), []);
  return (
    <>
      <h1>{say.title()}</h1>
      <Shown of={models} again={again}>
        {({ models: found }) =>
          found.length ? (
            <ul class="cards">
              {found.map((model) => (
                <li key={model.name} class="card">
                  <a href={to(["models", model.name])}>{model.name}</a>
                </li>
              ))}
            </ul>
          ) : (
            <Empty>{say.none()}</Empty>
          )
        }
      </Shown>
    </>
  );
}
