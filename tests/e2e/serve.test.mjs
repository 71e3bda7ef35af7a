/** The page as `cargo xtask serve` serves it from the repository, while some of its modules are still being built. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { CHROME, visit, trainSmall } from "./helpers.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** @param {string[]} missing modules that are still being built */
async function serve(missing) {
  const server = spawn(process.execPath, ["crates/xtask/scripts/serve.mjs", ROOT, "0", ...missing], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  const [origin] = await once(createInterface({ input: server.stdout }), "line");
  return { server, origin: String(origin) };
}

test("it trains from the repository as it lies there, and ends with who started it", async () => {
  const { server, origin } = await serve([]);
  const browser = await chromium.launch(CHROME);
  const { page, done } = await visit({ browser, origin });
  await trainSmall(page);
  assert.match((await page.locator("#device-state").textContent()) ?? "", /[2-9]\d* threads/);
  await done();
  await browser.close();
  for (const path of ["/Cargo.toml", "/web/../Cargo.toml", "/%2e%2e/%2e%2e/etc/passwd", "/web/%2e%2e/Cargo.toml", "/web", "/web/", "/web/none.js", "/%"]) {
    assert.equal((await fetch(new URL(path, origin))).status, 404, path);
  }
  server.stdin.end();
  assert.deepEqual(await once(server, "exit"), [0, null]);
});

test("what is asked of a module that is still being built waits for it, and nothing else does", async () => {
  const { server, origin } = await serve(["webgpu"]);
  const asked = fetch(new URL("/web/wasm/webgpu/mmrec_wasm.js", origin)).then((response) => response.status);
  assert.equal((await fetch(new URL("/web/wasm/threads/mmrec_wasm.js", origin))).status, 200);
  server.stdin.write("cpu\n");
  assert.equal(await Promise.race([asked, new Promise((resolve) => setTimeout(() => resolve("waits"), 300))]), "waits");
  server.stdin.write("webgpu\n");
  assert.equal(await asked, 200);
  server.stdin.end();
  assert.deepEqual(await once(server, "exit"), [0, null]);
});
