/**
 * How far the model has come, in a line of five words, and the evidence for it when asked.
 *
 * @import { Finding } from "../../state/insights.js"
 * @import { Session } from "../../state/session.js"
 */

import { texts } from "../../i18n/index.js";
import { LEARNING_STAGES } from "../../state/insights.js";
import { element, make, setText } from "../../ui/dom.js";

/**
 * @param {{ session: Session }} context
 * @returns {{ render(): void }}
 */
export function createInsightsPanel({ session }) {
  let shown = "";
  return {
    render() {
      session.insights.refresh();
      const { finding } = session.insights;
      element("learned").hidden = finding === null;
      const state = JSON.stringify([finding, texts.locale]);
      if (!finding || state === shown) return;
      shown = state;
      element("learned-stages").replaceChildren(...LEARNING_STAGES.map((stage) => rung(stage, stage === finding.stage)));
      setText(element("learned-stage"), `${texts.stageMeans[finding.stage]} ${texts.stageMeans.meaning}`);
      element("learned-evidence").replaceChildren(...texts.evidence(finding).map((text) => make("li", { text })), passage(finding));
    },
  };
}

/** @param {Finding["stage"]} stage @param {boolean} present */
function rung(stage, present) {
  const item = make("li", { text: texts.stages[stage] });
  if (present) item.setAttribute("aria-current", "step");
  return item;
}

/** The longest passage that is also in the text. @param {Finding} finding */
function passage({ shown: { longest } }) {
  if (!longest) return make("li", { text: texts.nothingCopied });
  return make("li", { text: `${texts.longestPassage(longest)} ` }, make("q", { text: longest.text }));
}
