/**
 * The page's service worker. It does two things:
 * - The page works without a connection after the first visit, and is always of one release: `files.js`, written when the page is
 *   built, lists every file with its SHA-256. Once the files of the page are kept, all comes from there, and a file of another
 *   release never does. A newer release is kept as a whole beside the old one, and takes its place when the page says so.
 * - It gives cross-origin isolation on hosts that cannot send the headers for it: without, threads may not share memory.
 * A module for WebAssembly is kept only where it is used. On the own machine, where the page is developed, the network comes first.
 *
 * It lies at the root, since a worker serves what lies beside it.
 */

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** @typedef {{ version: string, files: Record<string, string> }} Release */
/** @typedef {Event & { waitUntil(work: Promise<unknown>): void }} LifeEvent */
/** @typedef {LifeEvent & { data: { type: "keep", modules: string[] } | { type: "apply" }, ports: MessagePort[] }} AskedEvent */
/** @typedef {LifeEvent & { notification: Notification }} PressedEvent */
/** @typedef {Event & { request: Request, respondWith(response: Promise<Response>): void }} FetchEvent */
const worker = /** @type {any} */ (self);

try {
  worker.importScripts("files.js");
} catch {
  // Not built as a release: there is nothing to keep, and the headers are all that is added.
}
const release = /** @type {Release | undefined} */ (worker.release);
const CACHES = "mmrec-";
const CACHE = CACHES + release?.version;
/** An entry that is made when all files that every visit needs are there. */
const WHOLE = new URL("whole", worker.registration.scope).href;
/** The header that holds a kept file's SHA-256. */
const SUM = "Mmrec-Sum";
const DEVELOPMENT = ["localhost", "127.0.0.1", "[::1]"].includes(worker.location.hostname);

worker.addEventListener("install", (/** @type {LifeEvent} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {LifeEvent} */ event) => event.waitUntil(forgetOthers()));
worker.addEventListener("message", (/** @type {AskedEvent} */ event) => event.waitUntil(respond(event)));
worker.addEventListener("notificationclick", (/** @type {PressedEvent} */ event) => event.waitUntil(show(event.notification)));
worker.addEventListener("fetch", (/** @type {FetchEvent} */ event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== worker.location.origin) return;
  const name = nameOf(request.url);
  if (name) event.respondWith(serve(name, request));
  else if (!release) event.respondWith(isolated(request));
});

/** A first release starts at once and keeps nothing yet: a visit's first step does not wait for that. A later one comes whole. */
async function install() {
  const older = await olderCache();
  if (older && !DEVELOPMENT) await keep(await modulesIn(older));
  else await worker.skipWaiting();
}

/** @param {AskedEvent} event */
async function respond({ data, ports: [port] }) {
  try {
    port?.postMessage(data.type === "keep" ? await keepAndServe(data.modules) : await apply());
  } catch {
    port?.postMessage(false);
  }
}

/** What a page loads from now on is of the release that is kept. @param {string[]} modules */
async function keepAndServe(modules) {
  const whole = await keep(modules);
  if (whole) await worker.clients.claim();
  return whole;
}

/**
 * Takes the place of the older release, where no other tab shows that one.
 * @returns {Promise<boolean>}
 */
async function apply() {
  const tabs = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (tabs.length > 1) return false;
  await worker.skipWaiting();
  return true;
}

/**
 * Answers with a file of this release. While they are not all kept, everything comes from the network, as it would without us.
 * @param {string} name
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function serve(name, request) {
  if (DEVELOPMENT) return isolated(request).catch(async (error) => (await kept(name)) ?? Promise.reject(error));
  if (!(await caches.match(WHOLE, { cacheName: CACHE }))) return isolated(request);
  // What the network has may be of another release by now.
  return (await kept(name)) ?? store(name).catch(() => Response.error());
}

/** @param {string} name */
const kept = (name) => caches.match(addressOf(name), { cacheName: CACHE });

/**
 * Keeps the files that every visit needs, and those of some modules.
 * @param {string[]} modules folders in web/wasm
 * @returns {Promise<boolean>} whether there is a release to keep
 */
async function keep(modules) {
  if (!release) return false;
  const wanted = Object.keys(release.files).filter((name) => modules.includes(moduleOf(name) ?? "") || !moduleOf(name));
  const missing = [];
  for (const name of wanted) if (!(await kept(name))) missing.push(name);
  for (let file = 0; file < missing.length; file += 6) await Promise.all(missing.slice(file, file + 6).map(store));
  await (await caches.open(CACHE)).put(WHOLE, new Response());
  return true;
}

/**
 * Takes a file from an older release if it is the same there, else from the network, and keeps it.
 * @param {string} name
 * @returns {Promise<Response>}
 */
async function store(name) {
  const { files } = /** @type {Release} */ (release);
  const sum = files[name] ?? "";
  const response = (await sameOf(name, sum)) ?? (await download(name, sum, "default")) ?? (await download(name, sum, "reload"));
  if (!response) {
    // The host has a newer release.
    void worker.registration.update();
    throw new Error(`${name} is of another release`);
  }
  await (await caches.open(CACHE)).put(addressOf(name), response.clone());
  return response;
}

/**
 * @param {string} name
 * @param {string} sum
 */
async function sameOf(name, sum) {
  for (const cacheName of await caches.keys()) {
    const found = await caches.match(addressOf(name), { cacheName });
    if (found?.headers.get(SUM) === sum) return found;
  }
  return null;
}

/**
 * @param {string} name
 * @param {string} sum
 * @param {RequestCache} cache
 * @returns {Promise<Response | null>} null where it is not the file of this release
 */
async function download(name, sum, cache) {
  const response = await fetch(addressOf(name), { cache });
  const body = response.ok ? await response.arrayBuffer() : new ArrayBuffer(0);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  if ([...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") !== sum) return null;
  const type = response.headers.get("Content-Type") ?? "application/octet-stream";
  return new Response(body, { headers: { ...ISOLATION, "Content-Type": type, [SUM]: sum } });
}

/** @param {Request} request */
async function isolated(request) {
  const response = await fetch(request);
  if (response.type === "opaqueredirect" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** The cache of a whole release before this one. */
async function olderCache() {
  for (const name of await caches.keys()) {
    if (name.startsWith(CACHES) && name !== CACHE && (await caches.match(WHOLE, { cacheName: name }))) return name;
  }
  return null;
}

/**
 * The modules that were used with an older release.
 * @param {string} cacheName
 */
async function modulesIn(cacheName) {
  const requests = await (await caches.open(cacheName)).keys();
  return requests.flatMap(({ url }) => moduleOf(url.slice(worker.registration.scope.length)) ?? []);
}

async function forgetOthers() {
  const others = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
}

/** Brings the tab that a notification speaks of to the front. @param {Notification} notification */
async function show(notification) {
  notification.close();
  const [tab] = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  await (tab ? tab.focus() : worker.clients.openWindow(worker.registration.scope));
}

/** The file of the release at an address. @param {string} url */
function nameOf(url) {
  const { origin, pathname } = new URL(url);
  const scope = worker.registration.scope;
  if (!(origin + pathname).startsWith(scope)) return null;
  const name = (origin + pathname).slice(scope.length) || "index.html";
  return release && Object.hasOwn(release.files, name) ? name : null;
}

/** Where it lies; some hosts answer for index.html with a redirection. @param {string} name */
const addressOf = (name) => new URL(name === "index.html" ? "./" : name, worker.registration.scope).href;

/** The folder of a module that not everybody uses. @param {string} name */
const moduleOf = (name) => name.match(/^web\/wasm\/([^/]+)\//)?.[1];
