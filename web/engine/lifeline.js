/**
 * How a page learns that a worker is no more: a worker holds a lock as long as it lives, however it ends, and the page waits for it.
 * Nothing is measured, so nothing is mistaken for an end; where the browser has no locks, only silence tells (watchdog.js).
 */

export const lifeline = {
  /**
   * In the worker.
   * @param {string} name
   * @returns {Promise<void>} done when it is held, or cannot be
   */
  hold: (name) =>
    new Promise((resolve) => {
      const holding = () => new Promise(() => resolve());
      if (navigator.locks) navigator.locks.request(name, holding).catch(() => resolve());
      else resolve();
    }),

  /**
   * On the page, once the worker holds it.
   * @param {string} name
   * @param {() => void} ended
   */
  watch(name, ended) {
    navigator.locks?.request(name, ended).catch(() => {});
  },
};
