/**
 * “Share”: a link, and a page that writes. Its code and words are loaded when it is first unfolded; those of a link, when one is opened.
 *
 * @import { Archive } from "./archive.js"
 * @import { Notices } from "./notices.js"
 * @import { Session } from "./session.js"
 * @import { ShareView } from "./share/view.js"
 */

import { element, need, setText } from "./dom.js";
import { texts } from "./texts/index.js";

/**
 * @param {{ session: Session, archive: Archive }} context
 * @returns {{ render(): void }}
 */
export function createSharePanel({ session, archive }) {
  const panel = need("share", HTMLDetailsElement);
  const state = element("share-state");
  /** @type {ShareView | null} */
  let view = null;

  panel.addEventListener("toggle", async () => {
    if (!panel.open || view) return view?.render();
    try {
      const { openView } = await import("./share/view.js");
      view ??= await openView(session, archive, element("share-body"));
      setText(state, "");
    } catch {
      setText(state, texts.shareFailed);
    }
  });
  return { render: () => panel.open && view?.render() };
}

/**
 * Lays what the page's address links to on the desk, now and whenever the address changes.
 * @param {{ session: Session, notices: Notices, settled: () => void }} context
 */
export function followLinks(context) {
  const open = async () => {
    if (!location.hash.startsWith("#stage=")) return;
    try {
      const { openLink } = await import("./share/open.js");
      await openLink(location.hash, context);
    } catch {
      context.notices.show("error", { what: texts.shareFailed, remedy: "" }, { key: "link" });
    }
  };
  addEventListener("hashchange", () => void open());
  void open();
}
