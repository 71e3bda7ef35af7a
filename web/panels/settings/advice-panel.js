/**
 * Advice on the settings before a start, each with buttons that follow it.
 *
 * @import { Change } from "../../app.js"
 * @import { DeviceManager } from "../../engine/devices/device-manager.js"
 * @import { Session } from "../../state/session.js"
 * @import { Advice, Choice } from "./advice.js"
 */

import { texts } from "../../i18n/index.js";
import { secondsPerStep } from "../../state/time-estimate.js";
import { button, element, make, onPress } from "../../ui/dom.js";
import { adviceOn } from "./advice.js";

/**
 * @param {{ session: Session, devices: DeviceManager, change: Change }} context
 * @returns {{ render(): void }}
 */
export function createAdvicePanel({ session, devices, change }) {
  const place = element("advice");
  /** What it was last asked for. */
  let asked = "";
  let shown = "[]";

  /** @param {Choice} choice */
  const follow = (choice) => {
    void change(choice.change);
    // The button goes; what is next is to train.
    button("train").focus({ preventScroll: true });
  };

  /** @param {Advice[]} advice */
  const show = (advice) => {
    const state = JSON.stringify([advice, texts.locale]);
    if (state === shown) return;
    shown = state;
    place.replaceChildren(...advice.map((one) => paragraphOf(one, follow)));
  };

  return {
    render() {
      const { draft, active, client, phase } = session;
      const idle = !active && Boolean(client?.alive) && phase !== "starting" && phase !== "dead";
      const about = idle && JSON.stringify([draft.settings, draft.description, draft.info?.fingerprint, draft.complaint, client?.device, secondsPerStep(session, devices), texts.locale]);
      if (about === asked) return;
      asked = String(about);
      if (!about) return show([]);
      adviceOn(session, devices).then(
        (advice) => about === asked && show(advice),
        // A broken worker is told of by whoever replaces it.
        () => show([]),
      );
    },
  };
}

/**
 * @param {Advice} advice
 * @param {(choice: Choice) => void} follow
 */
function paragraphOf({ kind, amount, choices }, follow) {
  const buttons = choices.map((choice) => {
    const made = make("button", { text: texts.advice.choice(choice) });
    onPress(made, () => follow(choice));
    return made;
  });
  return make("div", { class: "better" }, make("p", { text: texts.advice[kind](amount) }), make("div", { class: "row" }, ...buttons));
}
