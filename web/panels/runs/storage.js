/**
 * How much room the runs take, and whether the browser keeps them for good.
 *
 * @import { Context } from "./list.js"
 */

import { texts } from "../../i18n/index.js";
import { button, element, onPress, setText, throttle } from "../../ui/dom.js";
import { sizeOf } from "../../storage/manifest.js";

/** The browser is asked for the sum at most this often (milliseconds). */
const OFTEN = 2000;

/**
 * @param {Context} context
 * @returns {{ render(): void }}
 */
export function createStorage({ runStore, toasts }) {
  const persist = button("runs-persist");
  /** Not every browser has one. @type {StorageManager | undefined} */
  const storage = navigator.storage;

  const render = throttle(() => void measure(), OFTEN);
  const measure = async () => {
    const { runs, lasting } = runStore;
    const used = runs.reduce((sum, run) => sum + sizeOf(run), 0);
    const all = await storage?.estimate?.().catch(() => null);
    const kept = await storage?.persisted?.().catch(() => false);
    const words = texts.runs.storage(runs.length, used, lasting && all?.quota ? { used: all.usage ?? 0, available: all.quota } : null);
    persist.hidden = !storage?.persist || !lasting || kept === true || runs.length === 0;
    setText(element("runs-storage"), runs.length === 0 ? "" : lasting ? `${words} ${kept ? texts.runs.lasting : texts.runs.clearable}` : words);
  };
  onPress(persist, async () => {
    if (!(await storage?.persist?.().catch(() => false))) toasts.show("info", texts.runs.notLasting());
    void measure();
  });
  return { render };
}
