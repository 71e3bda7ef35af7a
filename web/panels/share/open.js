/**
 * A link is opened: its settings go into the draft, where the engine takes them. A text takes the place of the present one only
 * when the person says so, and nothing that was kept is lost.
 *
 * @import { Change } from "../../app.js"
 * @import { Settings } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 * @import { Toasts } from "../../ui/toasts.js"
 */

import { loadTexts, share, texts } from "../../i18n/index.js";
import { SHAKESPEARE } from "../../state/text-source.js";
import { button } from "../../ui/dom.js";
import { showTab } from "../../ui/mobile-tabs.js";
import { readFragment } from "./link.js";

/**
 * @param {string} fragment
 * @param {{ session: Session, toasts: Toasts, change: Change, draftChanged: () => void }} context
 */
export async function openLink(fragment, { session, toasts, change, draftChanged }) {
  await loadTexts("share");
  const { draft } = session;
  if (session.active || !draft.defaults || !draft.settings) return toasts.show("info", share.notNow(), { key: "link", passing: false });
  const linked = readFragment(fragment, draft.defaults);
  // What the person changes from here on is not to be undone by loading the page again.
  history.replaceState(null, "", location.pathname + location.search);
  if (!linked) return toasts.show("error", share.unreadable(), { key: "link" });
  const before = { validation: undefined, ...draft.settings };
  const taken = await session.act(texts.failed.settings, async () => {
    const { settings, refused } = await judge(session, linked.settings);
    await session.changeSettings({ validation: undefined, ...settings });
    linked.left.push(...refused);
  });
  if (!taken) return;
  draftChanged();
  showTab("setup");
  const action = textAction(session, linked.text);
  const undo = { label: share.undo, run: () => void change(before) };
  toasts.show("info", share.opened(linked, action !== null), { key: "link", actions: action ? [action, undo] : [undo] });
}

/**
 * The settings of a link that the engine takes, on top of the defaults.
 * @param {Session} session
 * @param {Partial<Settings>} linked
 * @returns {Promise<{ settings: Settings, refused: string[] }>}
 */
async function judge({ draft, engine }, { stage, ...linked }) {
  let settings = /** @type {Settings} */ (draft.defaults?.[/** @type {keyof typeof draft.defaults} */ (stage)]);
  const refused = [];
  for (const [name, value] of Object.entries(linked)) {
    const next = { ...settings, [name]: value };
    const taken = await engine.ask({ type: "describe", settings: next }).then(() => true, () => false);
    if (taken) settings = next;
    else refused.push(name);
  }
  return { settings, refused };
}

/**
 * What puts the text of a link into the draft, where another one lies there.
 * @param {Session} session
 * @param {import("./link.js").PublicText | null} text
 */
function textAction({ draft }, text) {
  if (text === "sample" && draft.text.ref.kind !== "sample") return { label: share.useSample, run: () => button("sample").click() };
  if (text === "tiny-shakespeare" && draft.text.name !== SHAKESPEARE.name) return { label: share.getShakespeare(SHAKESPEARE.bytes), run: () => button("shakespeare").click() };
  return null;
}
