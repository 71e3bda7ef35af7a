/**
 * Links to settings: see `link.js`. What opens one is loaded when there is one.
 *
 * @import { Change } from "../../app.js"
 * @import { Session } from "../../state/session.js"
 * @import { Toasts } from "../../ui/toasts.js"
 */

import { texts } from "../../i18n/index.js";
import { importAgain } from "../../platform/import-again.js";

/**
 * Lays what the page's address links to into the draft, now and whenever the address changes.
 * @returns {Promise<void>} done when what it links to now lies there
 * @param {{ session: Session, toasts: Toasts, change: Change, draftChanged: () => void }} context
 */
export function followLinks(context) {
  const open = async () => {
    if (!location.hash.startsWith("#stage=")) return;
    try {
      const { openLink } = await importAgain(() => import("./open.js"));
      await openLink(location.hash, context);
    } catch (error) {
      context.toasts.show("error", texts.notLoaded(error), { key: "link" });
    }
  };
  addEventListener("hashchange", () => void open());
  return open();
}
