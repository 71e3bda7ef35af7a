/** Makes the modules and styles of a built page smaller, a fifth of what a visit downloads beside the engine. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { build } from "esbuild";

const CODE = /\.(js|css)$/;
/** uPlot comes minified, and the page takes this JavaScript of the engine's apart as text (web/panels/share/assemble.js). */
const AS_IT_IS = /^web.(vendor.uPlot|wasm.cpu)\b/;

/** @param {string} folder of the built page */
export async function minify(folder) {
  const entries = await readdir(folder, { recursive: true });
  const entryPoints = entries.filter((name) => CODE.test(name) && !AS_IT_IS.test(name)).map((name) => join(folder, name));
  // Every file stays one, under its name: the service worker downloads what has changed, and no more.
  const output = { outbase: folder, outdir: folder, allowOverwrite: true };
  await build({ ...output, entryPoints, minify: true, charset: "utf8", target: "es2024", tsconfigRaw: {}, logLevel: "warning" });
}
