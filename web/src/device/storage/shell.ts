/** The page itself without a network: its service worker. */
import { texts } from "../../i18n";
import { DeviceError } from "../errors";

const say = texts({
  install: [
    "The page could not be stored: its files did not fit in the browser's storage, or the connection was lost.",
    "无法存储本页面：浏览器存储空间不足，或连接已断开。",
  ],
  failed: ["The page could not be stored: {reason}", "无法存储本页面：{reason}"],
});

/** Store the page and LiteRT.js; resolves when they can be used without a network. Raises DeviceError. */
export async function storePage(): Promise<void> {
  try {
    const registration = await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
    await active(registration);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw new DeviceError(say.failed({ reason: error instanceof Error ? error.message : String(error) }));
  }
}

/** Forget the page: nothing of it is stored any more. */
export async function removePage(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration(document.baseURI);
  await registration?.unregister();
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(`lightship-page ${new URL(".", document.baseURI).href} `)).map((name) => caches.delete(name)));
}

function active(registration: ServiceWorkerRegistration): Promise<void> {
  if (registration.active) return Promise.resolve();
  const worker = registration.installing ?? registration.waiting;
  return new Promise((resolve, reject) => {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      // The browser does not say why an installation failed; nearly always a file did not fit or the connection was lost.
      if (worker.state === "redundant") reject(new DeviceError(say.install()));
    });
  });
}
