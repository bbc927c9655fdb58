/** The page's icons as PNG files, for systems that install no SVG. */
import { readFile } from "node:fs/promises";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

const FOLDER = new URL("./public/app/", import.meta.url);
// Files by name: their source and their size. Apple's systems round the corners themselves, so that the ground must reach
// the edge.
const ICONS = {
  "app/icon-192.png": ["icon.svg", 192],
  "app/icon-512.png": ["icon.svg", 512],
  "app/maskable-512.png": ["maskable.svg", 512],
  "app/apple-touch-icon.png": ["maskable.svg", 180],
};

/** Draw the icons at the end of a build. */
export function pngIcons() {
  return {
    name: "png-icons",
    async generateBundle() {
      await initWasm(readFile(new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))));
      for (const [fileName, [source, size]] of Object.entries(ICONS)) {
        const svg = await readFile(new URL(source, FOLDER), "utf8");
        const drawn = new Resvg(svg, { fitTo: { mode: "width", value: size } }).render();
        this.emitFile({ type: "asset", fileName, source: drawn.asPng() });
      }
    },
  };
}
