/** The page in each of its languages: every word is translated, and another language can be chosen at any time. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, figure, fillSettings, keptRun, phase, press, SMALL, startWithFolder, steadyPicture, text, visit } from "./helpers.mjs";

const place = startWithFolder();

/** @param {import("playwright-core").Page} page @param {string} selector @param {RegExp} pattern */
const shows = (page, selector, pattern) => page.locator(selector).filter({ hasText: pattern }).waitFor();

/** Which files with words the page has loaded. @param {import("playwright-core").Page} page */
const loadedTexts = (page) =>
  page.evaluate(() => performance.getEntriesByType("resource").flatMap(({ name }) => name.match(/i18n\/(\w+)\/page\.js$/)?.[1] ?? []));

test("the markup says what the English texts say, with all of them and nothing besides", async () => {
  const { page, done } = await visit(place);
  const { words, keys, nameless } = await page.evaluate(async () => {
    const markup = new DOMParser().parseFromString(await (await fetch("index.html")).text(), "text/html");
    const { page: en } = await import(new URL("web/i18n/en/page.js", location.href).href);
    const attributes = ["aria-label", "content", "placeholder", "title"];
    const isText = (/** @type {Node} */ node) => node instanceof Text && node.data.trim() !== "";
    /** @type {[string, string | null | undefined, string][]} */
    const words = [];
    for (const element of markup.querySelectorAll("[data-text]")) {
      const key = element.getAttribute("data-text") ?? "";
      words.push([key, [...element.childNodes].find(isText)?.nodeValue?.trim(), en.markup[key]]);
    }
    for (const attribute of attributes) {
      for (const element of markup.querySelectorAll(`[data-text-${attribute}]`)) {
        const key = element.getAttribute(`data-text-${attribute}`) ?? "";
        words.push([key, element.getAttribute(attribute), en.markup[key]]);
      }
    }
    // What a person reads and no key names, save for names, signs, and what only a page without scripts shows.
    /** @type {(string | null)[]} */
    const nameless = [];
    const walker = markup.createTreeWalker(markup.documentElement, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = /** @type {Element} */ (node.parentElement);
      const named = parent.hasAttribute("data-text") && node === [...parent.childNodes].find(isText);
      if (/\p{L}/u.test(node.nodeValue ?? "") && !named && !parent.closest("[translate=no], noscript, script, style")) nameless.push(node.nodeValue);
    }
    for (const attribute of ["aria-label", "placeholder", "title"]) {
      for (const element of markup.querySelectorAll(`[${attribute}]:not([data-text-${attribute}])`)) nameless.push(element.getAttribute(attribute));
    }
    return { words, keys: Object.keys(en.markup), nameless };
  });
  for (const [key, shown, said] of words) assert.equal(shown, said, key);
  assert.deepEqual([...new Set(words.map(([key]) => key))].sort(), keys.sort());
  assert.deepEqual(nameless, []);
  assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.title]), ["en", "MM-Rec: train a small language model on your own text"]);
  await done();
});

test("only the language that is spoken is loaded", async () => {
  for (const [locale, language] of [["en-GB", "en"], ["tr-TR", "tr"], ["fi-FI", "en"]]) {
    const { page, done } = await visit(place, { locale });
    assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    assert.deepEqual(await loadedTexts(page), [language]);
    await done();
  }
});

test("in a Turkish browser everything is in Turkish, and no English is seen before", async () => {
  const { page, done } = await visit(place, {
    locale: "tr-TR",
    before: async (page) => {
      await page.route("**/i18n/tr/page.js", async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        await route.continue();
      });
      // Looked at from the first moment on: what the person can see that is not Turkish.
      await page.addInitScript(() => {
        window.flashed = [];
        window.shifted = 0;
        new PerformanceObserver((list) => /** @type {LayoutShift[]} */ (list.getEntries()).forEach((entry) => (window.shifted += entry.value))).observe({ type: "layout-shift", buffered: true });
        const look = () => {
          const train = document.getElementById("train");
          if (train && getComputedStyle(train).visibility === "visible" && train.textContent !== "Eğit") window.flashed.push(train.textContent);
          requestAnimationFrame(look);
        };
        look();
      });
    },
  });
  assert.deepEqual(await page.evaluate(() => window.flashed), []);
  assert.ok((await page.evaluate(() => window.shifted)) < 0.02, "nothing moves");
  assert.equal(await page.title(), "MM-Rec: kendi metninizle küçük bir dil modeli eğitin");
  await page.getByRole("img", { name: "Adımlara göre kayıp" }).waitFor();
  await shows(page, "#text-name", /^Hazır örnek metin$/);
  await shows(page, "#estimate", /^0,\d\d milyon parametre · CPU: (yaklaşık|birkaç)/);
  await fillSettings(page, SMALL);
  await press(page, "Eğit");
  await phase(page, /^Planlanan tüm adımlar tamamlandı\.$/);
  await shows(page, "#chart-summary", /^Adım 5 \/ 5: eğitim kaybı \d,\d{3}, doğrulama kaybı \d,\d{3}/);
  await shows(page, "#figure-train", /^\d,\d{3}$/);
  await choose(page, [{ name: "bos.txt", buffer: Buffer.alloc(0) }], "Metin dosyaları");
  await page.getByRole("alert").filter({ hasText: "Metin yüklenmedi: boş." }).waitFor();
  await page.getByRole("button", { name: "Kapat" }).click();
  await choose(page, [{ name: "kisa.txt", buffer: Buffer.from(text(2)) }], "Metin dosyaları");
  await shows(page, "#text-problem", /^Eğitim başlayamaz: .*\.$/);
  await done();
});

test("choosing another language keeps the run going, and is remembered", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 10, sample_every: 5 });
  await press(page, "Train");
  await page.locator("#sample-list li").first().waitFor();
  const language = page.getByLabel("Language");
  await language.selectOption("tr");
  await phase(page, /^(Eğitim sürüyor \(CPU\)|Doğrulama metniyle)/);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "tr");
  await shows(page, "#chart-summary", /^Adım \d/);
  const step = async () => Number((await figure(page, "step")).split(" ")[0].replaceAll(".", ""));
  const before = await step();
  await page.waitForFunction((past) => Number((document.querySelector("#figure-step")?.textContent ?? "").split(" ")[0].replaceAll(".", "")) > past, before + 3);
  assert.match((await page.locator("#sample-list .when").last().textContent()) ?? "", /^Adım 5$/);
  assert.match((await page.locator("#text-split-label").textContent()) ?? "", /^Eğitim için [\d.]+ belirteç/);
  await press(page, "Duraklat");
  await phase(page, /^Duraklatıldı$/);
  assert.equal(await page.locator("#pause").textContent(), "Sürdür");
  await keptRun(page, (manifest) => manifest.phase === "paused");

  await page.reload();
  await page.locator('#train[aria-disabled="false"]').filter({ hasText: "Eğit" }).waitFor();
  await shows(page, "#kept-text", /^Burada saklanan çalışma: “\S+ \S+”, adım [\d.]+ \/ 100\.000, kayıp \d,\d{3}, metin: “Hazır örnek metin”\.$/);
  await page.getByLabel("Dil").selectOption("en");
  await shows(page, "#kept-text", /^“\S+ \S+” is kept here: step [\d,]+ of 100,000, .* on “Built-in sample”\.$/);
  await press(page, "Continue");
  await phase(page, /Paused/);
  assert.equal(await page.locator("#pause").textContent(), "Resume", "what scripts have written is not what the markup says");
  const english = await steadyPicture(page, "#loss-chart canvas");
  await page.getByLabel("Language").selectOption("tr");
  await page.locator("#pause").filter({ hasText: "Sürdür" }).waitFor();
  const turkish = await steadyPicture(page, "#loss-chart canvas", english);
  assert.ok(turkish !== english, "the chart’s numbers are Turkish, too");
  await page.getByLabel("Dil").selectOption("en");
  await page.locator("#pause").filter({ hasText: "Resume" }).waitFor();
  assert.ok((await steadyPicture(page, "#loss-chart canvas", turkish)) === english, "and nothing else of it has changed");
  await done();
});

test("a language that cannot be loaded leaves the one before in place", async () => {
  const { page, done } = await visit(place, {
    expected: /i18n\/tr\/page\.js|Failed to (load|fetch)/,
    // What it fetches is not seen by routes.
    serviceWorkers: "block",
    before: (page) => page.route("**/i18n/tr/page.js", (route) => route.abort()),
  });
  await page.getByLabel("Language").selectOption("tr");
  await page.getByRole("alert").filter({ hasText: "The other language could not be loaded." }).waitFor();
  assert.equal(await page.getByLabel("Language").inputValue(), "en");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await done();

  const turkish = await visit(place, { locale: "tr-TR", expected: /i18n\/tr\/page\.js|Failed to load/, before: (page) => page.route("**/i18n/tr/page.js", (route) => route.abort()) });
  assert.equal(await turkish.page.locator("#train").textContent(), "Train");
  assert.equal(await turkish.page.locator("body").evaluate((body) => getComputedStyle(body).visibility), "visible");
  await turkish.done();
});

test("a phone's width is enough for the longer words", async () => {
  const { page, done } = await visit(place, { locale: "tr-TR", viewport: { width: 360, height: 740 }, hasTouch: true });
  for (const details of await page.locator("details").all()) await details.evaluate((/** @type {HTMLDetailsElement} */ details) => (details.open = true));
  const wide = await page.evaluate(() => [...document.querySelectorAll("button, label, h2, dt, p, select")].filter((part) => part.getBoundingClientRect().right > 360).map((part) => part.textContent));
  assert.deepEqual(wide, []);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  await done();
});
