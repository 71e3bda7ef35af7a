/**
 * The page without a connection, and its next release, both through the service worker in `sw.js`. Loaded when the visit's first
 * step is done, so that nothing of this delays it.
 *
 * @import { Session } from "../state/session.js"
 * @import { Toasts } from "../ui/toasts.js"
 */

import { texts } from "../i18n/index.js";
import { element, setText } from "../ui/dom.js";
import { registerServiceWorker } from "./cross-origin-isolation.js";

/** A page that stays open looks for a newer release this often at most (milliseconds). */
const LOOK = 3_600_000;
/** Longer than an installed service worker waits that nothing keeps from being active (milliseconds). */
const MOMENT = 1000;

/**
 * @param {Session} session
 * @param {Toasts} toasts
 * @returns {Promise<{ changed(): void, relocalize(): void } | null>} null where the browser has no service workers, or forbids them
 */
export async function createOffline(session, toasts) {
  const registration = await registerServiceWorker().catch(() => null);
  if (!registration) return null;
  /** Modules that are kept, or about to be. @type {Set<string>} */
  const modules = new Set();
  let ready = false;
  /** A newer release waits, and not just for a moment. */
  let waiting = false;
  let announced = false;

  const keep = async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active) ready = await ask(active, { type: "keep", modules: [...modules] });
    relocalize();
  };
  const relocalize = () => setText(element("offline-state"), ready ? texts.worksOffline : "");
  const changed = () => {
    const module = session.client?.opened?.module;
    if (module && !modules.has(module)) {
      modules.add(module);
      void keep();
    }
    // A training is nothing to be interrupted.
    if (waiting && !announced && session.phase !== "running") {
      announced = true;
      toasts.show("info", texts.newRelease(), { key: "release", actions: [{ label: texts.reloadPage, run: () => void change() }] });
    }
  };
  const change = async () => {
    // Where it may not, it is offered again.
    if (await session.reasonToStay()) return void (announced = false);
    const next = registration.waiting;
    if (!next) return location.reload();
    next.addEventListener("statechange", () => next.state === "activated" && location.reload());
    if (await ask(next, { type: "apply" })) return;
    announced = false;
    toasts.show("info", texts.otherTabsFirst(), { key: "release" });
  };

  watch(registration, () => {
    waiting = registration.waiting !== null;
    changed();
  });
  changed();
  return { changed, relocalize };
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @param {() => void} changed a newer release may be waiting
 */
function watch(registration, changed) {
  // A first one, too, waits until it is active.
  const look = () => setTimeout(changed, MOMENT);
  const follow = () => registration.installing?.addEventListener("statechange", look);
  look();
  registration.addEventListener("updatefound", follow);
  follow();
  let lookedAt = performance.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || performance.now() - lookedAt < LOOK) return;
    lookedAt = performance.now();
    // Without a connection there is none to be found.
    void registration.update().catch(() => {});
  });
}

/**
 * @param {ServiceWorker} worker
 * @param {{ type: "keep", modules: string[] } | { type: "apply" }} message
 * @returns {Promise<boolean>}
 */
function ask(worker, message) {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(message, [port2]);
  return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
}
