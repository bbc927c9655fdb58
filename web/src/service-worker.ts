/**
 * The service worker: keeps the files of one build of the page, so that it opens without a network. It is registered when somebody
 * stores a model.
 *
 * Answers of the API are never kept: only files of the list below are, and they are fetched without authorization. The page itself
 * comes from the network while there is one, so that a new build is seen at once; its other files have names of their content. A
 * new build has another list, so the browser installs its worker, which replaces this one at once. The files of the build before
 * are kept: a tab that is still open may load more of them.
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
  skipWaiting(): Promise<void>;
  readonly registration: { readonly scope: string };
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}

const worker = globalThis as unknown as Worker;
const page = worker.registration.scope;
const prefix = `lightship-page ${page} `;
const name = prefix + BUILD.digest;
const settings = `${page}app/settings.json`;

/** Milliseconds without an answer after which the stored page is shown. */
const PATIENCE = 5000;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(removeOlder()));
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const [plain = url] = url.split(/[?#]/, 1);
  if (method !== "GET") return;
  if (mode === "navigate" && plain === page) event.respondWith(newest(event.request));
  else if (plain.startsWith(`${page}app/`) && plain !== settings) event.respondWith(stored(plain, event.request));
});

async function install(): Promise<void> {
  const cache = await caches.open(name);
  // The server answers `/` with the page only to clients that accept HTML.
  const html = new Request(page, { headers: { accept: "text/html" }, cache: "no-cache", credentials: "same-origin" });
  await Promise.all(BUILD.files.map((file) => cache.add(new Request(page + file, { credentials: "same-origin" }))));
  await cache.add(html);
  await worker.skipWaiting();
}

/** Delete all builds but this one and the one before; names are in the order of their creation. */
async function removeOlder(): Promise<void> {
  const others = (await builds()).filter((other) => other !== name);
  await Promise.all(others.slice(0, -1).map((other) => caches.delete(other)));
}

async function builds(): Promise<readonly string[]> {
  return (await caches.keys()).filter((other) => other.startsWith(prefix));
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

/** Return a file of this build, else of the one before, else from the network. */
async function stored(url: string, request: Request): Promise<Response> {
  for (const build of [name, ...(await builds())]) {
    const found = await (await caches.open(build)).match(url, { ignoreVary: true });
    if (found) return found;
  }
  return fetch(request);
}

export {}; // a module of its own, for TypeScript
