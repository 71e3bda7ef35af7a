/**
 * The page as it lies in the repository, without a build of its own: what is edited in web/ is there when the page is loaded again.
 * Run by `cargo xtask serve` with the repository, the port, and the modules of web/wasm that are still to be built.
 *
 * It says its address when it answers. On standard input it is told each module that is built, on a line; what is asked of one before
 * waits for that. It ends when its standard input does, so never outlives who started it.
 */

import { createInterface } from "node:readline";

import { serve } from "./server.mjs";

const MODULE = /^\/web\/wasm\/([a-z]+)\//;
/** The service worker lies at the root, since it serves what lies beside it. @type {Record<string, string>} */
const AT_ROOT = { "/": "index.html", "/index.html": "index.html", "/sw.js": "web/platform/sw.js" };

const [root, port, ...missing] = process.argv.slice(2);
/** @type {Map<string, () => void>} */
const tell = new Map();
const built = new Map(missing.map((name) => [name, new Promise((resolve) => tell.set(name, () => resolve(undefined)))]));

const { origin, close } = await serve(root, {
  port: Number(port),
  fileOf: (path) => AT_ROOT[path] ?? (path.startsWith("/web/") ? path : null),
  ready: (path) => built.get(path.match(MODULE)?.[1] ?? ""),
});
console.log(origin);
for await (const name of createInterface({ input: process.stdin })) tell.get(name)?.();
await close();
