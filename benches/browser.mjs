/**
 * What a person waits for in the browser, measured through the real page in a real Chromium: the download until the first step,
 * the time from pressing Train to the first loss, and the speed of training. Prints one JSON object.
 *
 * Run by `cargo xtask bench`; the environment is that of the end-to-end tests.
 */

import { brotliCompressSync, constants } from "node:zlib";

import { phase, press, settle, start, visit } from "../tests/e2e/helpers.mjs";

const SHAPES = [
  { stage: "tiny", batch: 16, context: 128, steps: 60 },
  { stage: "mini", batch: 4, context: 256, steps: 12 },
];

const place = await start();
const report = { ...(await firstVisit()), training: [] };
for (const shape of SHAPES) report.training.push({ ...shape, tokens_per_second: await speed(shape) });
await place.close();
console.log(JSON.stringify(report));

/** The files that the page loads until its first loss, as a static host would send them, and the wait for that loss. */
async function firstVisit() {
  /** @type {Map<string, Buffer>} */
  const bodies = new Map();
  const before = async (/** @type {import("playwright-core").Page} */ page) => {
    page.context().on("response", async (response) => {
      const body = await response.body().catch(() => null);
      if (body && !/^(blob|data):/.test(response.url())) bodies.set(new URL(response.url()).pathname, body);
    });
  };
  const { page, done } = await visit(place, { before });
  const pressed = Date.now();
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  const first_loss_seconds = (Date.now() - pressed) / 1000;
  await done();
  const files = Object.fromEntries([...bodies].map(([path, body]) => [path, compressed(body)]));
  const download_bytes = Object.values(files).reduce((sum, size) => sum + size, 0);
  return { first_loss_seconds, download_bytes, files };
}

/** @param {Buffer} body */
function compressed(body) {
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
}

/** The median of the speeds that the page shows, step by step: evaluation and saving are not part of them. */
async function speed({ stage, batch, context, steps }) {
  const { page, done } = await visit(place);
  await settle(page, { stage, batch, context, steps, eval_every: steps, sample_every: 0 });
  await page.locator("#figure-speed").evaluate((figure) => {
    globalThis.speeds = [];
    const note = () => globalThis.speeds.push(Number(figure.textContent?.replaceAll(/[^\d.]/g, "")));
    new MutationObserver(note).observe(figure, { childList: true, characterData: true, subtree: true });
  });
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  const shown = (await page.evaluate(() => globalThis.speeds)).filter(Boolean).sort((a, b) => a - b);
  await done();
  return shown[Math.floor(shown.length / 2)];
}
