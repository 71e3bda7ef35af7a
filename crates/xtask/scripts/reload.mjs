/**
 * Trunk reloads the page under `trunk serve` by a script that it writes into index.html, which the page's Content-Security-Policy
 * forbids: the script becomes a file of its own, as the policy wants it. Pages that are built for hosting have no such script.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const INLINE = /<script>((?:(?!<\/script>)[^])*__TRUNK_ADDRESS__(?:(?!<\/script>)[^])*)<\/script>/;
/** What Trunk puts in for these only as it serves index.html. @type {Record<string, string>} */
const SERVED = { ADDRESS: "location.host", WS_BASE: "'/'", WS_PROTOCOL: "''" };
const NAME = "trunk-reload.js";

/** @param {string} folder of the built page */
export async function moveReload(folder) {
  const page = join(folder, "index.html");
  const source = await readFile(page, "utf8");
  const script = source.match(INLINE)?.[1];
  if (!script) return;
  const quoted = /(['"`])\{\{__TRUNK_(ADDRESS|WS_BASE|WS_PROTOCOL)__\}\}\1/g;
  await writeFile(join(folder, NAME), script.replaceAll(quoted, (_, _quote, name) => SERVED[name]));
  await writeFile(page, source.replace(INLINE, `<script src="${NAME}"></script>`));
}
