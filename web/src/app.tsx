/** The frame of all pages: header, sign-in, and the page of the address. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "./api/client";
import { useLoaded } from "./api/loading";
import { onSessionChange, signedIn } from "./api/session";
import type { Settings } from "./api/types";
import { useArrival } from "./components/arrival";
import { ConnectionLine } from "./components/connection";
import { LanguageChoice } from "./components/language";
import { Shown } from "./components/states";
import { ThemeChoice } from "./components/theme";
import { useStored } from "./device/storage/use-stored";
import { texts, useLanguage } from "./i18n";
import { JobPage } from "./pages/jobs/job";
import { JobsPage } from "./pages/jobs/jobs";
import { ModelPage } from "./pages/model/model";
import { ModelsPage } from "./pages/models";
import { OfflinePage } from "./pages/offline/offline";
import { WithoutServer } from "./pages/offline/without-server";
import { SignIn } from "./pages/sign-in";
import { to, useLocation } from "./router";

const say = texts({
  models: ["Models", "模型"],
  jobs: ["Files", "文件"],
  offline: ["Offline", "离线"],
  api: ["API", "接口"],
  skip: ["Skip to the content", "跳到内容"],
});

export function App() {
  useLanguage();
  const [settings, again] = useLoaded((signal) => get<Settings>("app/settings.json", signal), []);
  return (
    <>
      <a class="skip" href="#content" onClick={focusContent}>
        {say.skip()}
      </a>
      {settings.state === "failed" && settings.error.code === "connection_lost" ? (
        <Frame settings={null}>
          <WithoutServer again={again} />
        </Frame>
      ) : (
        <Shown of={settings} again={again}>
          {(loaded) => (
            <Frame settings={loaded}>
              <SignedIn settings={loaded} />
            </Frame>
          )}
        </Shown>
      )}
    </>
  );
}

function focusContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** Show the header and a page; `settings` is null where the server cannot be reached. */
function Frame({ settings, children }: { readonly settings: Settings | null; readonly children: ComponentChildren }) {
  const stored = useStored();
  return (
    <>
      <header class="bar">
        <a class="brand" href={to([])} aria-label="Lightship">
          <img src="./app/icon.svg" alt="" width="28" height="28" /> <span>Lightship</span>
        </a>
        <nav>
          <a href={to([])}>{say.models()}</a>
          {settings?.jobs && <a href={to(["jobs"])}>{say.jobs()}</a>}
          {Boolean(stored?.length) && <a href={to(["offline"])}>{say.offline()}</a>}
          {settings && <a href="./docs">{say.api()}</a>}
        </nav>
        <LanguageChoice />
        <ThemeChoice />
      </header>
      {settings && <ConnectionLine />}
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/**
 * Show the sign-in where the server needs one, else the page.
 *
 * A page whose sign-in has ended stays behind the sign-in, with all that was entered.
 */
function SignedIn({ settings }: { readonly settings: Settings }) {
  const [present, setPresent] = useState(signedIn);
  const [shown, setShown] = useState(false);
  useEffect(() => onSessionChange(() => setPresent(signedIn())), []);
  const needed = settings.sign_in.method !== "none" && !present;
  useEffect(() => setShown((before) => before || !needed), [needed]);
  return (
    <>
      {needed && <SignIn settings={settings} ended={shown} />}
      {(shown || !needed) && (
        <div hidden={needed}>
          <Page settings={settings} />
        </div>
      )}
    </>
  );
}

function Page({ settings }: { readonly settings: Settings }) {
  const { segments, query } = useLocation();
  const [first, second, third] = segments;
  useArrival(second ?? (first === "jobs" ? say.jobs() : first === "offline" ? say.offline() : say.models()));
  if (first === "models" && second) return <ModelPage key={second} name={second} tab={third ?? "try"} query={query} settings={settings} />;
  if (first === "jobs" && second) return <JobPage key={second} id={second} />;
  if (first === "jobs") return <JobsPage />;
  if (first === "offline") return <OfflinePage name={second} />;
  return <ModelsPage settings={settings} />;
}
