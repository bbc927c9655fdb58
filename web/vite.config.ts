import { defineConfig } from "vite";

// All addresses are relative, because the page may be behind a stage, a base path or a proxy. The server answers
// app/… without authentication; every other path belongs to the API.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../src/lightship/protocols/web/static",
    emptyOutDir: true,
    assetsDir: "app",
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(["/models", "/jobs", "/predict", "/app/settings.json"].map((path) => [path, "http://127.0.0.1:8000"])) },
});
