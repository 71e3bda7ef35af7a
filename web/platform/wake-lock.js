/** Keeps the screen on while it is wanted. The browser lets go of the lock whenever the page is hidden; it is then asked anew. */

export class ScreenWakeLock {
  /** Whether the browser said no (a battery that runs low, for example). */ refused = false;
  #wanted = false;
  /** @type {WakeLockSentinel | null} */ #lock = null;
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  get held() {
    return this.#lock !== null;
  }

  /** To be called again when the page comes back to sight. @param {boolean} wanted */
  async want(wanted) {
    this.#wanted = wanted;
    this.refused = false;
    if (!wanted) await this.#lock?.release().catch(() => {});
    else if (!this.#lock && !document.hidden) await this.#take();
    this.#changed();
  }

  async #take() {
    try {
      const lock = await navigator.wakeLock.request("screen");
      if (!this.#wanted || this.#lock) return await lock.release();
      this.#lock = lock;
      lock.addEventListener("release", () => {
        this.#lock = null;
        this.#changed();
      });
    } catch {
      this.refused = !document.hidden;
    }
  }
}
