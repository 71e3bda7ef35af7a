/** The few things the page does to its document again and again. */

/**
 * An element that index.html is known to hold.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function need(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html lacks #${id}`);
  return found;
}

/** @param {string} id */
export const button = (id) => need(id, HTMLButtonElement);
/** @param {string} id */
export const input = (id) => need(id, HTMLInputElement);
/** @param {string} id */
export const element = (id) => need(id, HTMLElement);

/**
 * Writes a text only where it differs, so that nothing is laid out or read aloud in vain.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * A button that cannot be used now. It keeps the focus and its place, and can say why.
 * @param {HTMLButtonElement} target
 * @param {boolean} usable
 * @param {string} [why]
 */
export function setUsable(target, usable, why = "") {
  target.setAttribute("aria-disabled", String(!usable));
  target.title = usable ? "" : why;
}

/** @param {HTMLButtonElement} target */
export const usable = (target) => target.getAttribute("aria-disabled") !== "true";

/**
 * Runs an action when a button that is in use is pressed.
 * @param {HTMLButtonElement} target
 * @param {() => void} action
 */
export function onPress(target, action) {
  target.addEventListener("click", () => {
    if (usable(target)) action();
  });
}

/**
 * A new element. A button among them sends no form off.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{ class?: string, text?: string }} [options]
 * @param {(Node | string)[]} children
 */
export function make(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  if (made instanceof HTMLButtonElement) made.type = "button";
  if (options.class) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  made.append(...children);
  return made;
}

/** At most one call in a frame of the screen, where there is something to see. @param {() => void} action */
export function onceAFrame(action) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      action();
    });
  };
}

/**
 * At most one call in `interval` milliseconds; the last one is never lost.
 * @param {() => void} action
 * @param {number | (() => number)} interval
 */
export function throttle(action, interval) {
  let last = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    if (timer !== undefined) return;
    const rest = typeof interval === "number" ? interval : interval();
    timer = setTimeout(() => {
      timer = undefined;
      last = performance.now();
      action();
    }, Math.max(0, last + rest - performance.now()));
  };
}

/**
 * Does the same with each; one that fails is reported as any failure of the page is, and does not stop the next.
 * @template T
 * @param {Iterable<T>} things
 * @param {(thing: T) => void} action
 */
export function withEach(things, action) {
  for (const thing of things) {
    try {
      action(thing);
    } catch (error) {
      reportError(error);
    }
  }
}

/** Runs tasks one after another, in the order they came; one that fails does not stop the next. */
export function serial() {
  /** @type {Promise<unknown>} */
  let tail = Promise.resolve();
  /**
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  return (task) => {
    const turn = tail.then(task);
    tail = turn.catch(() => {});
    return turn;
  };
}

/**
 * Shows a dialog; "cancel" where it is closed without an answer.
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>} the value of the button that closed it
 */
export function answerOf(dialog) {
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue || "cancel"), { once: true });
  });
}
