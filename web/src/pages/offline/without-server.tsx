/** What the page shows when it opens and its server cannot be reached: the models on this device. */
import { useEffect } from "preact/hooks";
import { texts } from "../../i18n";
import { useLocation } from "../../router";
import { OfflinePage } from "./offline";

const say = texts({
  offline: ["You are offline, or the server cannot be reached. The models on this device work.", "您处于离线状态或无法连接服务器。本设备上的模型仍可使用。"],
  again: ["Try again", "重试"],
});

export function WithoutServer({ again }: { readonly again: () => void }) {
  const { segments } = useLocation();
  const [first, second] = segments;
  useEffect(() => {
    window.addEventListener("online", again);
    return () => window.removeEventListener("online", again);
  }, []);
  return (
    <>
      <p role="status" class="connection">
        {say.offline()}{" "}
        <button type="button" onClick={again}>
          {say.again()}
        </button>
      </p>
      <OfflinePage name={first === "offline" || first === "models" ? second : undefined} />
    </>
  );
}
