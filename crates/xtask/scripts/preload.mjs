/**
 * Names the modules that a built page begins with in its index.html, so that the browser asks for all of them at once and not for
 * each when it has read the one that imports it. What is imported where it is needed (`import(…)`) stays for then.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";

/** An import or export of the top level that names another module, by its path. */
const IMPORTED = /^(?:import|export)\b(?:[^"'();]*?\bfrom)?\s*["'](\.[^"']+)["']/gm;
const ENTRY = /<script type="module"[^>]* src="([^"]+)"/g;
/** Where the names go: before the page's own module, which is the last one to run. */
const PLACE = /(?=<script type="module" src=)/;
const PRELOADED = /<link rel="modulepreload" href="([^"]+)"/g;

/** @param {string} folder of the built page */
export async function writePreloads(folder) {
  const page = join(folder, "index.html");
  const source = await readFile(page, "utf8");
  const named = new Set([...source.matchAll(ENTRY), ...source.matchAll(PRELOADED)].map(([, name]) => name));
  const modules = [...(await importedBy(folder, named))].filter((name) => !named.has(name));
  const links = modules.map((name) => `<link rel="modulepreload" href="${name}" />\n    `);
  if (!PLACE.test(source)) throw new Error(`${page} has no module of its own`);
  await writeFile(page, source.replace(PLACE, () => links.join("")));
}

/**
 * @param {string} folder
 * @param {Iterable<string>} entries
 * @param {RegExp} [imports] what counts as one; its group is the path
 * @returns {Promise<Set<string>>} these and what they import, those that are met first before others
 */
export async function importedBy(folder, entries, imports = IMPORTED) {
  const found = new Set(entries);
  for (const name of found) {
    const source = await readFile(join(folder, name), "utf8");
    for (const [, path] of source.matchAll(imports)) found.add(posix.join(posix.dirname(name), path));
  }
  return found;
}
