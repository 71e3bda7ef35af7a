/** Says in a built page how large the engine's modules are, so that the page can say how much of one is there: a host that packs it does not. */

import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const MODULES = ["cpu", "threads", "webgpu"];
/** In the head, before what downloads one. */
const PLACE = /(?=<script type="module"[^>]* src="web\/engine\/engine-preload\.js")/;

/** @param {string} folder of the built page */
export async function writeSizes(folder) {
  const page = join(folder, "index.html");
  const source = await readFile(page, "utf8");
  if (!PLACE.test(source)) throw new Error(`${page} downloads no engine ahead`);
  const sizeOf = async (/** @type {string} */ name) => [name, (await stat(join(folder, `web/wasm/${name}/mmrec_wasm_bg.wasm`))).size];
  const sizes = JSON.stringify(Object.fromEntries(await Promise.all(MODULES.map(sizeOf))));
  await writeFile(page, source.replace(PLACE, () => `<meta name="engine-bytes" content='${sizes}' />\n    `));
}
