import { defineConfig } from "vite";

// Built by tests/web/test_device.py into a folder of its own.
export default defineConfig({ base: "./", build: { target: "es2022", assetsDir: "app", modulePreload: { polyfill: false }, minify: false } });
