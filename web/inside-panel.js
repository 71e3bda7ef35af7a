/**
 * “Look inside”: most visits do without, so its code, words and styles are loaded when it is first unfolded.
 *
 * @import { Session } from "./session.js"
 * @import { InsideView } from "./inside/view.js"
 */

import { element, need, setText } from "./dom.js";
import { texts } from "./texts/index.js";

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

  const load = async () => (await import("./inside/view.js")).openView(session, element("inside-body"));
  panel.addEventListener("toggle", async () => {
    if (!panel.open) return view?.close();
    try {
      view = await (opening ??= load());
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
