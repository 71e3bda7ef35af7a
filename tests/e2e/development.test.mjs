/** The page under `trunk serve`, which reloads it by a script of its own. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { moveReload } from "../../crates/xtask/scripts/reload.mjs";
import { DIST, start, visit } from "./helpers.mjs";

/** As Trunk writes it, save for what it does with the messages. */
const SCRIPT = `"use strict";
(function () {
    const address = '{{__TRUNK_ADDRESS__}}';
    const base = '{{__TRUNK_WS_BASE__}}';
    let protocol = '{{__TRUNK_WS_PROTOCOL__}}';
    protocol = protocol ? protocol : window.location.protocol === 'https:' ? 'wss' : 'ws';
    new WebSocket(protocol + '://' + address + base + '.well-known/trunk/ws').onmessage = () => window.location.reload();
})()
`;

test("the page's policy lets in what reloads it, and nothing inline", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mmrec-development-"));
  await cp(DIST, folder, { recursive: true });
  const index = join(folder, "index.html");
  const built = await readFile(index, "utf8");
  await moveReload(folder);
  assert.equal(await readFile(index, "utf8"), built, "a page for hosting is as it was");
  await writeFile(index, built.replace("</body>", () => `<script>${SCRIPT}</script></body>`));
  await moveReload(folder);

  const place = await start([], { folder });
  /** @type {string[]} */
  const sockets = [];
  const watch = async (/** @type {import("playwright-core").Page} */ page) => void page.on("websocket", (socket) => sockets.push(socket.url()));
  // Nobody listens there: Trunk would.
  const { done } = await visit(place, { before: watch, expected: /WebSocket connection to 'ws:.*' failed/ });
  assert.deepEqual(sockets, [`${place.origin.replace("http", "ws")}/.well-known/trunk/ws`]);
  await done();
  await place.close();
  await rm(folder, { recursive: true });
});
