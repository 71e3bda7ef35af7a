/**
 * What it means that the validation loss rises while the train loss falls, said where and when it happens, with what can be done.
 *
 * @import { Change } from "../../app.js"
 * @import { Session } from "../../state/session.js"
 */

import { texts } from "../../i18n/index.js";
import { copies, shareOf } from "../../state/insights.js";
import { button, element, onPress, setText } from "../../ui/dom.js";
import { DROPOUT } from "../settings/advice.js";

/**
 * @param {{ session: Session, change: Change }} context
 * @returns {{ render(): void }}
 */
export function createOverfitPanel({ session, change }) {
  /** The curve's best that the person wants to hear no more about. @type {{ step: number, loss: number } | null} */
  let left = null;

  onPress(button("take-best"), () => void session.takeBest().then(() => button("pause").focus()));
  onPress(button("raise-dropout"), () => {
    void change({ dropout: DROPOUT });
    button("train").focus();
  });
  onPress(button("leave-overfit"), () => {
    left = session.run?.metrics.best ?? null;
    session.changed();
    button("pause").focus();
  });

  return {
    render() {
      const { run, phase, draft } = session;
      const best = run?.metrics.best;
      const stale = run?.endReason === "plateau" && phase === "ended";
      const shown = Boolean(best && best !== left && (run?.metrics.overfits || stale) && (session.active || phase === "ended"));
      element("overfit").hidden = !shown;
      if (!shown || !run || !best) return;
      const { finding } = session.insights;
      const copied = finding && copies(finding) ? shareOf(finding.shown.copied) : null;
      setText(element("overfit-what"), run.metrics.overfits ? texts.overfits(best, copied) : texts.stale(best));
      setText(element("overfit-remedy"), texts.overfitRemedy);
      button("take-best").hidden = !run.best || !session.resumable;
      button("raise-dropout").hidden = phase !== "ended" || (draft.settings?.dropout ?? 0) >= DROPOUT;
    },
  };
}
