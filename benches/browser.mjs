/**
 * What a person waits for in the browser, measured through the real page in a real Chromium: the download until the first step,
 * the time from pressing Train to the first loss, and the speed of training, on all threads and on one. Prints one JSON object.
 *
 * Run by `cargo xtask bench`; the environment is that of the end-to-end tests.
 */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { choose, loadCheckpoint, mmrec, noteDownloads, phase, press, settle, start, text, visit } from "../tests/e2e/helpers.mjs";

const SHAPES = [
  { stage: "tiny", batch: 16, context: 128, steps: 60 },
  { stage: "mini", batch: 4, context: 256, steps: 12 },
];

/**
 * The shapes at which TinyGPT (sarthakagrawal927/tinygpt) reports its speeds, with those that its threaded build reached on two
 * cores, and MM-Rec models of the same width, depth and vocabulary with as many parameters within 5 %.
 */
const PEER = [
  { context: 64, layers: 3, width: 96, batch: 16, feed_forward: 200, steps: 60, tinygpt: 4400 },
  { context: 96, layers: 4, width: 128, batch: 16, feed_forward: 280, steps: 30, tinygpt: 1880 },
  { context: 128, layers: 6, width: 192, batch: 12, feed_forward: 440, steps: 12, tinygpt: 540 },
  { context: 128, layers: 8, width: 256, batch: 8, feed_forward: 584, steps: 10, tinygpt: 280 },
];

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(20_000)) };
const folder = await mkdtemp(join(tmpdir(), "mmrec-bench-"));
const report = { training: [], peer: [] };
for (const isolated of [true, false]) {
  const place = await start([], { isolated });
  // Otherwise the service worker would isolate the page after all.
  const options = isolated ? {} : { serviceWorkers: "block" };
  const threads = isolated ? "all" : "one";
  if (isolated) Object.assign(report, await firstVisit(place));
  for (const shape of SHAPES) {
    report.training.push({ threads, ...shape, tokens_per_second: await fresh(place, options, shape) });
  }
  for (const shape of PEER) report.peer.push({ threads, ...shape, ...(await loaded(place, options, shape)) });
  await place.close();
}
await rm(folder, { recursive: true });
console.log(JSON.stringify(report));

/** The files that the page loads until its first loss, as a static host would send them, and the wait for that loss. */
async function firstVisit(place) {
  /** @type {ReturnType<typeof noteDownloads>} */
  let downloads = async () => ({});
  const { page, done } = await visit(place, { before: async (page) => void (downloads = noteDownloads(page)) });
  const pressed = Date.now();
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  const first_loss_seconds = (Date.now() - pressed) / 1000;
  const files = await downloads();
  await done();
  const download_bytes = Object.values(files).reduce((sum, size) => sum + size, 0);
  return { first_loss_seconds, download_bytes, files };
}

/** The speed of a new run of one of the page's stages. */
async function fresh(place, options, { stage, batch, context, steps }) {
  const { page, done } = await visit(place, options);
  await settle(page, { stage, batch, context, steps, eval_every: steps, sample_every: 0 });
  const tokens_per_second = await speed(page, "Train", steps);
  await done();
  return tokens_per_second;
}

/** The speed of a model of any shape: begun on the command line, trained on in the page. */
async function loaded(place, options, { context, layers, width, batch, feed_forward, steps, tinygpt }) {
  const run = await mkdtemp(join(folder, "run-"));
  const [source, settings, out] = ["objects.txt", "shape.toml", "out"].map((name) => join(run, name));
  await writeFile(source, TEXT.buffer);
  const model = { vocab: 256, width, layers, heads: width / 32, levels: 3, feed_forward };
  const lines = Object.entries(model).map(([key, value]) => `${key} = ${value}`);
  await writeFile(settings, ["[model]", ...lines].join("\n"));
  const sizes = ["--batch", `${batch}`, "--context", `${context}`, "--tokenizer", "byte"];
  await mmrec("train", "--data", source, "--config", settings, "--out", out, "--steps", "1", "--json", ...sizes);
  const { parameters } = await mmrec("info", join(out, "last.safetensors"), "--json");

  const { page, done } = await visit(place, options);
  await settle(page, { tokenizer: "byte" });
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await loadCheckpoint(page, join(out, "last.safetensors"));
  await page.getByText("was trained on the present text").waitFor();
  await settle(page, { steps, eval_every: steps });
  const tokens_per_second = await speed(page, "Resume", steps);
  await done();
  return { parameters, tokens_per_second, times_tinygpt: tokens_per_second / tinygpt };
}

/** The median of the speeds that the page shows, step by step: evaluation and saving are not part of them. */
async function speed(page, name, steps) {
  await page.locator("#figure-speed").evaluate((figure) => {
    globalThis.speeds = [];
    const note = () => globalThis.speeds.push(Number(figure.textContent?.replaceAll(/[^\d.]/g, "")));
    new MutationObserver(note).observe(figure, { childList: true, characterData: true, subtree: true });
  });
  await press(page, name);
  await page.locator("#figure-step").filter({ hasText: `${steps} / ${steps}` }).waitFor({ timeout: 300_000 });
  await phase(page, /All planned steps are done/);
  const shown = (await page.evaluate(() => globalThis.speeds)).filter(Boolean).sort((a, b) => a - b);
  return shown[Math.floor(shown.length / 2)];
}
