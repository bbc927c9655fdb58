/** One model: its tabs. */
import type { ComponentChildren } from "preact";
import { get, modelPath } from "../../api/client";
import { useLoaded } from "../../api/loading";
import type { Form, ModelDetails, Settings } from "../../api/types";
import { Shown } from "../../components/states";
import { type Pair, texts } from "../../i18n";
import { to } from "../../router";
import { DeviceTab } from "./device";
import { OperateTab } from "./operate";
import { ReportTab } from "./report";
import { TryTab } from "./try";

export interface TabProps {
  readonly model: ModelDetails;
  readonly form: Form;
  readonly query: URLSearchParams;
  readonly settings: Settings;
}

interface Tab {
  readonly title: Pair;
  readonly show: (props: TabProps) => ComponentChildren;
  readonly offered?: (settings: Settings) => boolean;
}

const TABS: Readonly<Record<string, Tab>> = {
  try: { title: ["Try it", "试用"], show: (props) => <TryTab {...props} /> },
  report: { title: ["Report", "报告"], show: (props) => <ReportTab {...props} /> },
  device: { title: ["On your device", "在设备上"], show: (props) => <DeviceTab {...props} /> },
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
  const version = Number(query.get("version")) || null;
  const [loaded, again] = useLoaded(
    async (signal) => {
      const [model, form] = await Promise.all([
        get<ModelDetails>(modelPath(name), signal),
        get<Form>(modelPath(name, version, "/form"), signal),
      ]);
      return { model, form };
    },
    [name, version],
  );
  return (
    <>
      <h1>{name}</h1>
      <nav class="tabs">
        {Object.keys(TABS).map((each) => (
          <a key={each} href={to(["models", name, each], { version: query.get("version") ?? "" })} aria-current={each === tab ? "page" : undefined}>
            {titles[each]?.()}
          </a>
        ))}
      </nav>
      <Shown of={loaded} again={again}>
        {({ model, form }) => (TABS[tab] ?? TABS.try)?.show({ model, form, query, settings })}
      </Shown>
    </>
  );
}
