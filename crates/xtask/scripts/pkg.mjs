/**
 * Puts into the npm package what it has in common with the page: the engine's client, its Worker, and what they import, as types as
 * well. Run by `cargo xtask pkg` with the page's folder and the package's.
 */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { importedBy } from "./preload.mjs";

const ENTRIES = ["engine/engine-client.js", "engine/worker.js", "engine/thread.js"];
/** An import of the top level, or one of types in a comment. */
const IMPORTED = /(?:^(?:import|export)\b(?:[^"'();]*?\bfrom)?|@import (?:\{[^}]*\}|\* as \w+) from)\s*["'](\.[^"']+)["']/gm;

/**
 * @param {string} web
 * @param {string} folder of the package
 */
export async function copyEngine(web, folder) {
  for (const name of await importedBy(web, ENTRIES, IMPORTED)) await cp(join(web, name), join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await copyEngine(process.argv[2], process.argv[3]);
