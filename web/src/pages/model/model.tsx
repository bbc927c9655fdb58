/** One model: what it is, and its tabs. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { get, modelPath } from "../../api/client";
import { useLoaded } from "../../api/loading";
import type { Form, ModelDetails, Settings } from "../../api/types";
import { Shown, ShownAbove } from "../../components/states";
import { type Pair, texts } from "../../i18n";
import { to } from "../../router";
import { DeviceTab } from "./device";
import { OperateTab } from "./operate";
import { ReportTab } from "./report";
import { TryTab } from "./try";

const say = texts({
  tabs: ["Pages of the model", "模型页面"],
  answering: ["Version {number} answers instead.", "由版本 {number} 应答。"],
});

export interface ModelTabProps {
  readonly model: ModelDetails;
  readonly query: URLSearchParams;
  readonly settings: Settings;
  /** Show a newer state of the model. */
  readonly onChange: (model: ModelDetails) => void;
  /** Read the model and the tab again. */
  readonly onReload: () => void;
}

/** Of a tab that needs the model's form, which a failed version has not. */
export interface TabProps extends ModelTabProps {
  readonly form: Form;
}

interface Tab {
  readonly title: Pair;
  readonly show: (props: ModelTabProps) => ComponentChildren;
}

const TABS: Readonly<Record<string, Tab>> = {
  try: { title: ["Try it", "试用"], show: (props) => <WithForm {...props}>{(all) => <TryTab {...all} />}</WithForm> },
  report: { title: ["Report", "报告"], show: (props) => <ReportTab {...props} /> },
  device: { title: ["On your device", "在设备上"], show: (props) => <WithForm {...props}>{(all) => <DeviceTab {...all} />}</WithForm> },
  operate: { title: ["Versions", "版本"], show: (props) => <OperateTab {...props} /> },
};
const titles = texts(Object.fromEntries(Object.entries(TABS).map(([name, tab]) => [name, tab.title])));

interface Props {
  readonly name: string;
  readonly tab: string;
  readonly query: URLSearchParams;
  readonly settings: Settings;
}

export function ModelPage({ name, tab, query, settings }: Props) {
  const [loaded, again] = useLoaded((signal) => get<ModelDetails>(modelPath(name), signal), [name]);
  const [changed, setChanged] = useState<ModelDetails | null>(null);
  const shown = TABS[tab] ? tab : "try";
  const reload = () => {
    setChanged(null);
    again();
  };
  return (
    <>
      <h1>{name}</h1>
      <Shown of={loaded} again={reload}>
        {(first) => (
          <ShownAbove.Provider value={(changed ?? first).error ?? ""}>
            <About model={changed ?? first} />
            <nav class="tabs" aria-label={say.tabs()}>
              {Object.keys(TABS).map((each) => (
                <a key={each} href={to(["models", name, each], { version: query.get("version") ?? "" })} aria-current={each === shown ? "page" : undefined}>
                  {titles[each]?.()}
                </a>
              ))}
            </nav>
            {TABS[shown]?.show({ model: changed ?? first, query, settings, onChange: setChanged, onReload: reload })}
          </ShownAbove.Provider>
        )}
      </Shown>
    </>
  );
}

function About({ model }: { readonly model: ModelDetails }) {
  return (
    <>
      {model.purpose && <p>{model.purpose}</p>}
      {model.state === "failed" && (
        <div class="failure">
          <p>
            {model.error} {model.answering ? say.answering({ number: model.answering }) : ""}
          </p>
        </div>
      )}
    </>
  );
}

function WithForm({ children, ...props }: ModelTabProps & { readonly children: (props: TabProps) => ComponentChildren }) {
  const version = Number(props.query.get("version")) || null;
  const { name } = props.model;
  const [form] = useLoaded((signal) => get<Form>(modelPath(name, version, "/form"), signal), [name, version]);
  return (
    <Shown of={form} again={props.onReload}>
      {(loaded) => children({ ...props, form: loaded })}
    </Shown>
  );
}
