/**
 * Makes a release of a built page. Run by `cargo xtask release <folder>`.
 *
 * Its last file is `files.js`: the files of the release, each with its SHA-256, and a version that follows from them. The service
 * worker (web/platform/sw.js) keeps and serves these files, and no others.
 */

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { minify } from "./minify.mjs";
import { writePreloads } from "./preload.mjs";
import { moveReload } from "./reload.mjs";
import { writeSizes } from "./sizes.mjs";

/** What a visit may load. */
const LOADED = /\.(html|js|css|wasm|webmanifest)$/;
/** What the service worker consists of itself. */
const OWN = new Set(["sw.js", "web/platform/sw.js", "files.js"]);

/** @param {string} folder of the built page */
export async function writeRelease(folder) {
  const entries = await readdir(folder, { recursive: true });
  const names = entries.map((name) => name.split(sep).join("/")).filter((name) => LOADED.test(name) && !OWN.has(name)).sort();
  /** @type {Record<string, string>} */
  const files = {};
  for (const name of names) files[name] = sum(await readFile(join(folder, name)));
  const version = sum(JSON.stringify(files)).slice(0, 16);
  await writeFile(join(folder, "files.js"), `self.release = ${JSON.stringify({ version, files }, null, 1)};\n`);
}

/** @param {string | Buffer} content */
const sum = (content) => createHash("sha256").update(content).digest("hex");

/** @param {string} folder of the built page */
async function makeRelease(folder) {
  await moveReload(folder);
  await writePreloads(folder);
  // Under `trunk serve` without --release one reads the code as it is written.
  if (process.env.TRUNK_PROFILE !== "debug") await minify(folder);
  await writeSizes(folder);
  await writeRelease(folder);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await makeRelease(process.argv[2]);
