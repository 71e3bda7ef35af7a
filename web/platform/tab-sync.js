/**
 * Several tabs of the page: the one that holds the store trains, the others follow it and may take over. They talk through a channel
 * that carries `TabMessage`s. This is the side that is followed; the other one is in `tab-follower.js`.
 *
 * @import { Settings, DataInfo } from "../engine/engine-types.js"
 * @import { DeskText } from "../state/run-draft.js"
 * @import { Phase, Session } from "../state/session.js"
 *
 * What followers show.
 * @typedef {object} Course
 * @property {Phase} phase
 * @property {boolean} lasting whether another tab could go on from what this one keeps
 * @property {Settings | null} settings on the desk
 * @property {DataInfo | null} info about the text on the desk
 * @property {string} name of that text
 * @property {DeskText["ref"]} ref of that text
 * @property {object | null} run the fields of the `Run`, its text aside
 * @property {object | null} curve the fields of its `Curve`
 *
 * @typedef {(
 *   | { type: "leading" }
 *   | { type: "following" }
 *   | { type: "course", course: Course }
 *   | { type: "hand over" }
 *   | { type: "staying" }
 * )} TabMessage `leading`: who follows is to say so; `staying`: the run would be lost by a hand-over
 */

const CHANNEL = "mmrec";
/** Followers are told at most this often (milliseconds); a long curve takes longer to tell, and changes less. */
const OFTEN = 500;

/**
 * What the tabs talk through. Where the browser has none, no tab hears of another.
 * @returns {Pick<BroadcastChannel, "onmessage" | "postMessage" | "close">}
 */
export function openChannel() {
  return globalThis.BroadcastChannel ? new BroadcastChannel(CHANNEL) : { onmessage: null, postMessage() {}, close() {} };
}

/**
 * @param {Session} session
 * @param {boolean} lasting whether the browser keeps anything
 * @returns {{ changed(): void, begin(): void }} `begin`: from now on it can answer; what it would say before is soon otherwise
 */
export function leadTabs(session, lasting) {
  const channel = openChannel();
  let followed = false;
  /** What waits for an answer: this tab is not ready, or about to hand over. @type {TabMessage[] | null} */
  let waiting = [];
  let toldAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const send = (/** @type {TabMessage} */ message) => channel.postMessage(message);
  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    toldAt = performance.now();
    send({ type: "course", course: courseOf(session, lasting) });
  };
  const changed = () => {
    if (!followed) return;
    const wait = toldAt + OFTEN * (1 + (session.run?.curve.length ?? 0) / 10_000) - performance.now();
    // Not by the timer alone: a hidden tab's timers are slow.
    if (wait <= 0) tell();
    else timer ??= setTimeout(tell, wait);
  };
  const hear = (/** @type {TabMessage} */ message) => {
    if (waiting) waiting.push(message);
    else if (message.type === "hand over" && lasting) void handOver();
    else if (message.type === "following") {
      followed = true;
      tell();
    }
  };
  /** Keeps everything, and comes back as a follower of the tab that takes over. */
  const handOver = async () => {
    // That it pauses is not to be told: the other tab is to go on with what it saw last.
    followed = false;
    clearTimeout(timer);
    timer = undefined;
    waiting = [{ type: "following" }];
    if (await session.mayGo()) return location.reload();
    send({ type: "staying" });
    begin();
  };
  const begin = () => {
    const messages = waiting ?? [];
    waiting = null;
    messages.forEach(hear);
  };
  channel.onmessage = ({ data }) => hear(data);
  send({ type: "leading" });
  return { changed, begin };
}

/**
 * @param {Session} session
 * @param {boolean} lasting
 * @returns {Course}
 */
function courseOf({ phase, run, desk }, lasting) {
  const { settings, info, text } = desk;
  const course = { phase, lasting, settings, info, name: text.name, ref: text.ref };
  if (!run) return { ...course, run: null, curve: null };
  // What is large or belongs to this tab stays here.
  const { curve, text: _, snapshot: __, ...fields } = run;
  return { ...course, run: fields, curve: { ...curve } };
}
