/**
 * “Look inside”: most visits do without, so its code, words and styles are loaded when it is first unfolded.
 *
 * @import { Session } from "./session.js"
 * @import { InsideView } from "./inside/view.js"
 */

import { element, need, setText } from "./dom.js";
import { speakInside, texts } from "./texts/index.js";

/**
 * @param {{ session: Session }} context
 * @returns {{ render(): void }}
 */
export function createInsidePanel({ session }) {
  const panel = need("inside", HTMLDetailsElement);
  const state = element("inside-state");
  /** @type {Promise<InsideView> | null} */
  let opening = null;
  /** @type {InsideView | null} */
  let view = null;

  panel.addEventListener("toggle", async () => {
    if (!panel.open) return view?.close();
    try {
      view = await (opening ??= load(session, element("inside-body")));
      setText(state, "");
      // It may have been folded again meanwhile.
      if (panel.open) view.open();
    } catch {
      opening = null;
      setText(state, texts.insideFailed);
    }
  });
  return { render: () => view?.render() };
}

/**
 * @param {Session} session
 * @param {HTMLElement} body
 */
async function load(session, body) {
  const [{ InsideView }] = await Promise.all([import("./inside/view.js"), speakInside(), loadStyles()]);
  return new InsideView(session, body);
}

function loadStyles() {
  const styles = document.createElement("link");
  styles.rel = "stylesheet";
  styles.href = new URL("./inside/inside.css", import.meta.url).href;
  return new Promise((resolve, reject) => {
    styles.onload = resolve;
    styles.onerror = reject;
    document.head.append(styles);
  });
}
