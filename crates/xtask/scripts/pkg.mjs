/**
 * Puts into the npm package what it has in common with the page: the engine's client, its Worker, and what they import, as types as
 * well. Run by `cargo xtask pkg` with the page's folder and the package's.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ENTRIES = ["engine/engine-client.js", "engine/worker.js"];
/** An import of the top level, or one of types in a comment. */
const IMPORTED = /(?:^(?:import|export)\b(?:[^"'();]*?\bfrom)?|@import \{[^}]*\} from)\s*["'](\.[^"']+)["']/gm;

/**
 * @param {string} web
 * @param {string} folder of the package
 */
export async function copyEngine(web, folder) {
  const found = new Set(ENTRIES);
  for (const name of found) {
    const source = await readFile(join(web, name), "utf8");
    for (const [, path] of source.matchAll(IMPORTED)) found.add(posix.join(posix.dirname(name), path));
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), source);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await copyEngine(process.argv[2], process.argv[3]);
