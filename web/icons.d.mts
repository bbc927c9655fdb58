import type { Plugin } from "vite";

export function pngIcons(): Plugin;
