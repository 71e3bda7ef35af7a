/**
 * A part of the page that most visits do without: its code, words and styles are loaded when it is first unfolded.
 *
 * What it does each time it is unfolded, while it is, and when it is folded again.
 * @typedef {{ open?(): void, render(): void, close?(): void }} LazyView
 */

import { texts } from "../i18n/index.js";
import { element, need, setText } from "./dom.js";

/**
 * @param {string} id of the element that unfolds; `<id>-state` says how the loading goes, `<id>-body` holds the view
 * @param {(body: HTMLElement) => Promise<LazyView>} load
 * @returns {{ render(): void }}
 */
export function createLazyPanel(id, load) {
  const panel = need(id, HTMLDetailsElement);
  const state = element(`${id}-state`);
  /** @type {Promise<LazyView> | null} */
  let loading = null;
  /** @type {LazyView | null} */
  let view = null;

  panel.addEventListener("toggle", async () => {
    if (!panel.open) return view?.close?.();
    try {
      view = await (loading ??= load(element(`${id}-body`)));
      setText(state, "");
      // It may have been folded again meanwhile.
      if (!panel.open) return;
      view.open?.();
      view.render();
    } catch {
      loading = null;
      setText(state, texts.partFailed);
    }
  });
  return { render: () => panel.open && view?.render() };
}
