/** The versions of a model; where the server allows it, which of them answers. */
import { useEffect } from "preact/hooks";
import { get, modelPath } from "../../api/client";
import { useLoaded } from "../../api/loading";
import type { History } from "../../api/types";
import { Copyable } from "../../components/copy";
import { Shown } from "../../components/states";
import { texts } from "../../i18n";
import type { ModelTabProps } from "./model";
import { useChanges } from "./operate/changes";
import { HistoryPart } from "./operate/history";
import { Labels } from "./operate/labels";
import { Mirror } from "./operate/mirror";
import "./operate/operate.css";
import { Traffic } from "./operate/traffic";
import { Shadows, Versions } from "./operate/versions";

const say = texts({
  versions: ["Versions", "版本"],
  off: ["This page only shows: the server does not allow changes. Its operator allows them with LIGHTSHIP_ALLOW_ADMIN=1. These commands do the same:", "此页面仅供查看：服务器不允许更改。管理员可设置 LIGHTSHIP_ALLOW_ADMIN=1 来允许。也可使用以下命令："],
  commands: ["Commands", "命令"],
  done: ["Done. The server uses the change now.", "已完成，服务器已生效。"],
  kept: ["Nothing was changed. The page shows the server's state.", "未做任何更改，页面显示服务器的当前状态。"],
});

export function OperateTab({ model, settings, onChange }: ModelTabProps) {
  const changes = useChanges(model.name, onChange);
  const [history, again] = useLoaded((signal) => get<History>(modelPath(model.name, null, "/history"), signal), [model.name]);
  useEffect(() => {
    if (changes.ended) again();
  }, [changes.ended]);
  const usable = model.versions.filter((version) => !model.withdrawn?.includes(version));
  const parts = { model, usable, changes };
  return (
    <div class="operate">
      <section class="part" aria-labelledby="operate-versions">
        <h2 id="operate-versions">{say.versions()}</h2>
        <Versions model={model} />
        <Shadows model={model} />
      </section>
      <div role="status">{changes.done && <p class="done">{say.done()}</p>}</div>
      {changes.problem && (
        <div class="failure" role="alert">
          <p>{changes.problem}</p>
          <p>{say.kept()}</p>
        </div>
      )}
      {settings.admin ? (
        <>
          <Labels {...parts} />
          <Traffic {...parts} />
          <Mirror {...parts} />
        </>
      ) : (
        <Commands name={model.name} />
      )}
      <Shown of={history} again={again}>
        {(loaded) => <HistoryPart history={loaded} changes={settings.admin ? changes : null} />}
      </Shown>
    </div>
  );
}

function Commands({ name }: { readonly name: string }) {
  const lines = [
    `lightship label ${name} production 1`,
    `lightship traffic ${name} 1=90 2=10`,
    `lightship traffic ${name} 1=100 2=shadow:10%`,
    `lightship rollback ${name}`,
    `lightship history ${name}`,
  ];
  return (
    <section class="part">
      <p>{say.off()}</p>
      <Copyable label={say.commands()} text={lines.join("\n")} />
    </section>
  );
}
