/** The line that says that the server cannot be reached, until it can. */
import { useEffect, useState } from "preact/hooks";
import { address } from "../api/client";
import { recordAnswer, useConnected } from "../api/connection";
import { texts } from "../i18n";

const say = texts({
  lost: ["The connection to the server is lost. The page tries again by itself.", "与服务器的连接已断开，正在自动重试。"],
  now: ["Try now", "立即重试"],
});

const SECONDS = 5;

export function ConnectionLine() {
  const connected = useConnected();
  const [trying, setTrying] = useState(false);
  const retry = async () => {
    setTrying(true);
    const arrived = await fetch(address("app/settings.json"), { cache: "no-store" }).then(
      () => true,
      () => false,
    );
    setTrying(false);
    recordAnswer(arrived);
  };
  useEffect(() => {
    if (connected) return;
    const timer = setInterval(() => navigator.onLine && void retry(), SECONDS * 1000);
    return () => clearInterval(timer);
  }, [connected]);
  return (
    <div role="status">
      {!connected && (
        <p class="connection">
          {say.lost()}{" "}
          <button type="button" disabled={trying} onClick={() => void retry()}>
            {say.now()}
          </button>
        </p>
      )}
    </div>
  );
}
