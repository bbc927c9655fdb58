/**
 * The service worker: keeps the files of one build of the page, so that it opens without a network. It is registered when somebody
 * stores a model.
 *
 * Answers of the API are never kept: only files of the list below are, and they are fetched without authorization. The page itself
 * comes from the network while there is one, so that a new build is seen at once; its other files have names of their content. A
 * new build has another list, so the browser installs its worker, which replaces this one when the last tab is closed.
 */

/** Files of the build by their path from the page, and a digest of them all; replaced by vite.config.ts. */
declare const BUILD: { readonly digest: string; readonly files: readonly string[] };

interface Extendable extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Worker {
  readonly registration: { readonly scope: string };
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}

const worker = globalThis as unknown as Worker;
const page = worker.registration.scope;
const prefix = `lightship-page ${page} `;
const name = prefix + BUILD.digest;
const files = new Set(BUILD.files.map((file) => new URL(file, page).href));

/** Milliseconds without an answer after which the stored page is shown. */
const PATIENCE = 5000;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(removeOthers()));
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const [plain = url] = url.split(/[?#]/, 1);
  if (method !== "GET") return;
  if (mode === "navigate" && plain === page) event.respondWith(newest(event.request));
  else if (files.has(plain)) event.respondWith(stored(plain, event.request));
});

async function install(): Promise<void> {
  const cache = await caches.open(name);
  // The server answers `/` with the page only to clients that accept HTML.
  const html = new Request(page, { headers: { accept: "text/html" }, cache: "no-cache", credentials: "same-origin" });
  await Promise.all([...files].map((url) => cache.add(new Request(url, { credentials: "same-origin" }))));
  await cache.add(html);
}

async function removeOthers(): Promise<void> {
  const others = (await caches.keys()).filter((other) => other.startsWith(prefix) && other !== name);
  await Promise.all(others.map((other) => caches.delete(other)));
}

/** Return the page from the network, or the stored one where there is no network or the server does not answer. */
async function newest(request: Request): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.status < 500) return response;
  } catch {
    // No network.
  }
  return stored(page, request);
}

async function stored(url: string, request: Request): Promise<Response> {
  const cache = await caches.open(name);
  return (await cache.match(url, { ignoreVary: true })) ?? fetch(request);
}

export {}; // a module of its own, for TypeScript
