/** The page in Firefox: it trains on the processor, writes, and finds its run again. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { installed, openFirefox } from "./firefox.mjs";
import { DIST } from "./helpers.mjs";
import { serve } from "../../crates/xtask/scripts/server.mjs";

test("Firefox trains, writes, and keeps the run", { skip: installed ? false : "Firefox is not installed (FIREFOX_PATH)" }, async (context) => {
  const server = await serve(DIST);
  context.after(() => server.close());
  const { page, close } = await openFirefox(server.origin);
  context.after(close);
  await page.shows("#device-state", /CPU/);
  for (const [name, value] of Object.entries({ context: "32", batch: "2", steps: "6" })) await page.type(`#settings [name="${name}"]`, value);
  await page.press("#train");
  await page.shows("#phase", /All planned steps are done/);
  await page.shows("#figure-step", /^6 \/ 6$/);
  const loss = await page.shows("#figure-train", /^\d\.\d{3}$/);
  await page.shows("#chart-summary", /Step 6 of 6: train loss \d/);
  assert.ok(await page.evaluate(`document.querySelector("#loss-chart canvas").width > 300`), "the chart is drawn");

  await page.press("#write summary");
  // Enter in a field of this form is as good as its button.
  await page.type('#write [name="tokens"]', "20");
  await page.press("#copy");
  assert.ok((await page.evaluate(`document.getElementById("written").textContent.length`)) > "Once upon a time".length, "it has written");

  await page.go();
  await page.shows("#kept-text", /step 6 of 6/);
  await page.press("#continue");
  await page.shows("#figure-train", new RegExp(`^${loss}$`));
  assert.deepEqual(page.dirt, [], "the page is clean");
});
