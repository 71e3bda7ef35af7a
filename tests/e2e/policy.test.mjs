/** The page's Content-Security-Policy: there from the first byte on, strict, and in nobody's way. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { button, phase, press, ready, fillSettings, SMALL, startWithFolder, text, usable, visit } from "./helpers.mjs";

const place = startWithFolder();

/** What each directive allows. */
const POLICY = {
  "default-src": ["'none'"],
  "script-src": ["'self'", "'wasm-unsafe-eval'"],
  "worker-src": ["'self'"],
  "style-src": ["'self'"],
  "img-src": ["'self'", "data:", "blob:"],
  "connect-src": ["'self'", "https://raw.githubusercontent.com"],
  "manifest-src": ["'self'"],
  "object-src": ["'none'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
};

/** Notes every violation. @param {import("playwright-core").Page} page */
const watch = (page) =>
  page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => window.violations.push(`${effectiveDirective} ${blockedURI}`));
  });

/** @param {import("playwright-core").Page} page */
const violations = (page) => page.evaluate(() => window.violations);

test("a policy as strict as can be comes before all that it governs", async () => {
  const { page, done } = await visit(place);
  const source = await page.evaluate(async () => (await fetch("index.html")).text());
  const content = source.match(/<meta http-equiv="Content-Security-Policy" content="([^"]*)"/);
  assert.ok(content && Number(content.index) < source.search(/<(link|script|style|img)\b/));
  assert.deepEqual(Object.fromEntries(content[1].split("; ").map((line) => [line.split(" ")[0], line.split(" ").slice(1)])), POLICY);
  assert.doesNotMatch(source, /\sstyle="|\son\w+="|<style|<script(?![^>]*\ssrc=)/, "nothing inline");
  await done();
});

test("a whole visit offends it nowhere and asks no other origin", async () => {
  // `done` looks at the console and at the address of every request.
  const { page, done } = await visit(place, { before: watch, permissions: ["clipboard-write"] });
  await press(page, "Paste");
  await page.locator("#paste-area").fill(text(400));
  await button(page, "Use this text").click();
  await page.locator("#text-name").filter({ hasText: "Pasted text" }).waitFor();
  await fillSettings(page, { ...SMALL, steps: 30, eval_every: 10, sample_every: 10 });
  await press(page, "Train");
  await page.locator("#sample-list li").first().waitFor();
  await page.locator("#loss-chart .u-over").hover();
  await page.locator("#loss-reading").filter({ hasText: /step \d/ }).waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  await phase(page, /All planned steps are done/);
  await page.locator("#numbers summary").click();
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("20");
  await press(page, "Generate");
  await page.locator('#written[aria-busy="false"]').waitFor();
  await press(page, "Copy");
  const download = page.waitForEvent("download");
  await press(page, "Save checkpoint");
  await download;
  await press(page, "Grow to mini");
  await button(page, "Cancel").last().click();
  await page.getByLabel("Language").selectOption("tr");
  await usable(page, "Üret");
  assert.deepEqual(await violations(page), []);
  await page.reload();
  await ready(page);
  assert.deepEqual(await violations(page), []);
  await done();
});

test("what it forbids is forbidden", async () => {
  // The browser tells of the image's request, too, though it sends none.
  const { page, done } = await visit(place, { before: watch, expected: /Content Security Policy|^request: https:\/\/example\.com\/pixel\.png$/ });
  await page.evaluate(async () => {
    await fetch("https://example.com/").then(
      () => (window.violations = ["reached another origin"]),
      () => {},
    );
    const script = document.createElement("script");
    script.textContent = "window.violations = ['ran an inline script']";
    document.body.append(script);
    const styled = document.createElement("p");
    styled.setAttribute("style", "color: red");
    document.body.append(styled);
    document.body.append(Object.assign(document.createElement("img"), { src: "https://example.com/pixel.png" }));
  });
  await page.waitForFunction(() => window.violations.length >= 4);
  assert.deepEqual((await violations(page)).sort(), [
    "connect-src https://example.com/",
    "img-src https://example.com/pixel.png",
    "script-src-elem inline",
    "style-src-attr inline",
  ]);
  await done();
});
