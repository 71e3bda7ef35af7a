/**
 * A link is opened: its settings are laid on the desk, where the engine takes them. A text takes the place of the present one only
 * when the person says so, and nothing that was kept is lost.
 *
 * @import { Change } from "../../app.js"
 * @import { Settings } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 * @import { Notices } from "../../ui/toasts.js"
 */

import { share, speakShare, texts } from "../../i18n/index.js";
import { SHAKESPEARE } from "../../state/text-source.js";
import { button } from "../../ui/dom.js";
import { showPart } from "../../ui/mobile-tabs.js";
import { readFragment } from "./link.js";

/**
 * @param {string} fragment
 * @param {{ session: Session, notices: Notices, change: Change, settled: () => void }} context
 */
export async function openLink(fragment, { session, notices, change, settled }) {
  await speakShare();
  const { desk } = session;
  if (session.active || !desk.defaults || !desk.settings) return notices.show("info", share.notNow(), { key: "link", passing: false });
  const linked = readFragment(fragment, desk.defaults);
  // What the person changes from here on is not to be undone by loading the page again.
  history.replaceState(null, "", location.pathname + location.search);
  if (!linked) return notices.show("error", share.unreadable(), { key: "link" });
  const before = { validation: undefined, ...desk.settings };
  const taken = await session.act(texts.failed.settings, async () => {
    const { settings, refused } = await judge(session, linked.settings);
    await session.changeSettings({ validation: undefined, ...settings });
    linked.left.push(...refused);
  });
  if (!taken) return;
  settled();
  showPart("setup");
  const action = textAction(session, linked.text);
  const undo = { label: share.undo, run: () => void change(before) };
  notices.show("info", share.opened(linked, action !== null), { key: "link", actions: action ? [action, undo] : [undo] });
}

/**
 * The settings of a link that the engine takes, on top of the defaults.
 * @param {Session} session
 * @param {Partial<Settings>} linked
 * @returns {Promise<{ settings: Settings, refused: string[] }>}
 */
async function judge({ desk, engine }, { stage, ...linked }) {
  let settings = /** @type {Settings} */ (desk.defaults?.[/** @type {keyof typeof desk.defaults} */ (stage)]);
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
 * What puts the text of a link on the desk, where another one lies there.
 * @param {Session} session
 * @param {import("./link.js").PublicText | null} text
 */
function textAction({ desk }, text) {
  if (text === "sample" && desk.text.ref.kind !== "sample") return { label: share.useSample, run: () => button("sample").click() };
  if (text === "tiny-shakespeare" && desk.text.name !== SHAKESPEARE.name) return { label: share.getShakespeare(SHAKESPEARE.bytes), run: () => button("shakespeare").click() };
  return null;
}
