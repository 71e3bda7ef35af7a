/** Cross-origin isolation where the host does not give it: through the service worker in `sw.js`, which the page must load under. */

const TRIED = "mmrec-isolation-tried";
/** A browser that takes longer than this (milliseconds) to start a service worker trains on one thread. */
const PATIENCE = 3000;

/** The service worker, with the list of the release that belongs to it checked anew, too. */
export async function registerServiceWorker() {
  return navigator.serviceWorker.register("sw.js", { updateViaCache: "none" });
}

/**
 * Called before anything is shown.
 * @returns {Promise<boolean>} whether the page is being loaded again, now isolated
 */
export async function ensureIsolation() {
  try {
    if (self.crossOriginIsolated || !navigator.serviceWorker || sessionStorage.getItem(TRIED)) return false;
    sessionStorage.setItem(TRIED, "yes");
    await registerServiceWorker();
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), PATIENCE));
    await Promise.race([navigator.serviceWorker.ready, late]);
    location.reload();
    return true;
  } catch {
    // Forbidden here (blocked site data, a private window, no secure address): one thread will do.
    return false;
  }
}
