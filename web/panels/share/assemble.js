/**
 * The HTML file: markup, styles and scripts of `exported/`, the CPU's wasm module and the weights, compressed. Its policy lets in
 * the one script and the one style by their SHA-256, the worker that script makes, and nothing else from anywhere.
 *
 * @import { Packing } from "../../engine/engine-types.js"
 *
 * @typedef {object} About
 * @property {string | null} stage
 * @property {number} parameters
 * @property {number} step
 * @property {Packing} packing
 * @property {number} weights bytes
 * @property {[number, number] | null} losses with the weights as they were, and as they are in the file
 * @property {"letter" | "token"} unit of the losses
 * @property {boolean} ownText whether they are of the text that the model learned from
 * @property {string} prompt
 */

import { share, texts } from "../../i18n/index.js";

/**
 * @param {Uint8Array<ArrayBuffer>} weights a safetensors file
 * @param {About} about
 * @returns {Promise<Blob>}
 */
export async function assemble(weights, about) {
  const [style, script, worker, glue, module] = await Promise.all([
    load("./exported/page.css").then((file) => file.text()),
    load("./exported/page.js").then((file) => file.text()),
    load("./exported/worker.js").then((file) => file.text()),
    load("../../wasm/cpu/mmrec_wasm.js").then((file) => file.text()),
    load("../../wasm/cpu/mmrec_wasm_bg.wasm").then((file) => file.blob()),
  ]);
  const parts = { worker: `${classic(glue)}\n${worker}`, words: share.pageWords };
  return new Blob(
    [
      head(await policy(script, style), style),
      body(about),
      `<script type="application/json" id="parts">${JSON.stringify(parts).replaceAll("<", "\\u003c")}</script>\n`,
      `<script type="text/plain" id="module">${await packed(module)}</script>\n`,
      `<script type="text/plain" id="weights">${await packed(new Blob([weights]))}</script>\n`,
      `<script>${script}</script>\n</body>\n</html>\n`,
    ],
    { type: "text/html" },
  );
}

/** @param {string} path */
async function load(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(texts.serverAnswered(response.status));
  return response;
}

/**
 * The module's JavaScript without what only modules have: of a file on a disk, browsers start classic workers only.
 * @param {string} glue
 */
function classic(glue) {
  const source = glue.replace(/^export (?=class|function|async)/gm, "").replace(/^export \{.*?\};?$/gm, "").replaceAll("import.meta.url", "location.href");
  if (/^\s*(import|export)\b/m.test(source)) throw new Error("The module's JavaScript has another form than this page knows.");
  return source;
}

/** Compressed, in letters. @param {Blob} data @returns {Promise<string>} */
async function packed(data) {
  const bytes = await new Response(data.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(/** @type {string} */ (reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(bytes);
  });
}

/** @param {string} script @param {string} style */
async function policy(script, style) {
  const sum = async (/** @type {string} */ text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
  };
  return `default-src 'none'; script-src ${await sum(script)} 'wasm-unsafe-eval'; worker-src blob:; style-src ${await sum(style)}; base-uri 'none'; form-action 'none'`;
}

/** @param {string} policy @param {string} style */
const head = (policy, style) => `<!doctype html>
<html lang="${texts.locale}">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="${policy}" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${safe(share.title)}</title>
<style>${style}</style>
</head>
`;

/** @param {About} about */
const body = (about) => `<body>
<main>
<h1>${safe(share.title)}</h1>
<p class="hint">${safe(share.aboutModel(about))}</p>
<form id="write" autocomplete="off">
<label>${safe(texts.markup.prompt)} <textarea id="prompt" rows="3" spellcheck="false">\n${safe(about.prompt)}</textarea></label>
<div class="row">
<label>${safe(texts.markup.temperature)} <input id="temperature" type="number" inputmode="decimal" min="0" max="5" step="0.05" value="0.8" required aria-describedby="temperature-hint" /></label>
<label>${safe(texts.markup.length)} <input id="length" type="number" inputmode="numeric" min="1" max="100000" step="1" value="400" required /></label>
<button id="generate" type="submit" disabled>${safe(texts.markup.generate)}</button>
<button id="stop" type="button" disabled>${safe(texts.markup.stop)}</button>
</div>
<p id="temperature-hint" class="hint">${safe(share.temperatureHint)}</p>
</form>
<p id="state" role="status">${safe(share.pageWords.loading)}</p>
<div id="written" tabindex="0" role="region" aria-label="${safe(texts.markup.written)}"></div>
<noscript><p>${safe(share.noScript)}</p></noscript>
<footer class="hint"><p>${safe(share.cost(about))}</p><p>${safe(share.footer)}</p></footer>
</main>
`;

/** Text as HTML. @param {string} text */
const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
