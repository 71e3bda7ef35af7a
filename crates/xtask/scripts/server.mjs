/** A small static server with the headers that the page is meant to be served with. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/**
 * Files of which only the first half is sent until something has happened.
 * @typedef {{ path: RegExp, until: Promise<unknown> }} Hold
 *
 * @typedef {object} Options
 * @property {number} [port] a free one by default
 * @property {boolean} [isolated] without isolation: as a host serves that cannot set headers
 * @property {Hold} [hold]
 * @property {(path: string) => string | null} [fileOf] what lies at a path within the folder; null for nothing
 * @property {(path: string) => Promise<unknown> | undefined} [ready] what an answer waits for
 */

/**
 * @param {string} file
 * @param {number} size
 * @param {import("node:http").ServerResponse} response
 * @param {Promise<unknown>} until
 */
async function sendHalf(file, size, response, until) {
  const middle = Math.floor(size / 2);
  if (middle > 0) await new Promise((resolve) => createReadStream(file, { end: middle - 1 }).on("end", () => resolve(undefined)).pipe(response, { end: false }));
  await until;
  createReadStream(file, { start: middle }).pipe(response);
}

/** @param {import("node:http").IncomingMessage} request @returns {string | null} the path that is asked for; null where it is none */
function pathOf({ url }) {
  try {
    return normalize(decodeURIComponent(new URL(url ?? "/", "http://localhost").pathname)).replaceAll(sep, "/");
  } catch {
    return null;
  }
}

/** @param {string} path */
const whole = (path) => (path.endsWith("/") ? `${path}index.html` : path);

/**
 * Serves a folder on the loopback.
 * @param {string} folder
 * @param {Options} [options]
 * @returns {Promise<{ origin: string, close: () => Promise<void> }>}
 */
export async function serve(folder, { port = 0, isolated = true, hold, fileOf = whole, ready } = {}) {
  const headers = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...(isolated ? ISOLATION : {}) };
  const server = createServer(async (request, response) => {
    const path = pathOf(request);
    const name = path && fileOf(path);
    const file = name && join(folder, name);
    await ready?.(path ?? "");
    const found = file && file.startsWith(folder) && (await stat(file).catch(() => null));
    if (!found || !found.isFile()) {
      response.writeHead(404, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Content-Length": found.size });
    if (hold?.path.test(path)) await sendHalf(file, found.size, response, hold.until);
    else createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", () => resolve(undefined)));
  return {
    origin: `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
