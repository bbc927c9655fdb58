import { type Plugin, defineConfig } from "vite";
import { pngIcons } from "./icons.mjs";

const WORKER = "service-worker.js";
// Files of the folder public/, which are not part of the bundle.
const PUBLIC = ["app/icon.svg", "app/maskable.svg", "app/site.webmanifest"];

// All addresses are relative, because the page may be behind a stage, a base path or a proxy. The server answers
// app/… without authentication; every other path belongs to the API.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [pngIcons(), workerFiles()],
  build: {
    outDir: "../src/lightship/protocols/web/static",
    emptyOutDir: true,
    assetsDir: "app",
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", "service-worker": "src/service-worker.ts" },
      output: { entryFileNames: ({ name }) => (name === "service-worker" ? WORKER : "app/[name]-[hash].js") },
    },
  },
  server: { proxy: Object.fromEntries(["/models", "/jobs", "/predict", "/app/settings.json"].map((path) => [path, "http://127.0.0.1:8000"])) },
});

/** Write the names of the built files and a digest of the build into the service worker, which stores them. */
function workerFiles(): Plugin {
  return {
    name: "worker-files",
    enforce: "post",
    async generateBundle(_, bundle) {
      const [html, worker] = [bundle["index.html"], bundle[WORKER]];
      if (html?.type !== "asset" || worker?.type !== "chunk") throw new Error("the page or its service worker was not built");
      const files = [...Object.keys(bundle).filter((name) => name.startsWith("app/") && !/\.(map|png)$/.test(name)), ...PUBLIC].sort();
      // Names have a hash of the content.
      const content = new TextEncoder().encode(JSON.stringify([files, String(html.source), worker.code]));
      const digest = [...new Uint8Array(await crypto.subtle.digest("SHA-256", content))].slice(0, 8).map((byte) => byte.toString(16).padStart(2, "0"));
      worker.code = `const BUILD = ${JSON.stringify({ digest: digest.join(""), files })};\n${worker.code}`;
    },
  };
}
