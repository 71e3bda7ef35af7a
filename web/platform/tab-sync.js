/**
 * Several tabs of the page: the one that holds the store trains, the others follow it and may take over. They talk through a channel
 * that carries `TabMessage`s. This is the side that is followed; the other one is in `tab-follower.js`.
 *
 * @import { Settings, DataInfo } from "../engine/engine-types.js"
 * @import { RunMessage } from "../state/run.js"
 * @import { DraftText } from "../state/run-draft.js"
 * @import { MetricsHistory } from "../state/metrics-history.js"
 * @import { Phase } from "../state/phase.js"
 * @import { Session } from "../state/session.js"
 *
 * What followers show.
 * @typedef {object} TabState
 * @property {Phase} phase
 * @property {boolean} lasting whether another tab could go on from what this one keeps
 * @property {Settings | null} settings of the draft
 * @property {DataInfo | null} info about its text
 * @property {string} name of that text
 * @property {DraftText["ref"]} ref of that text
 * @property {RunMessage | null} run
 * @property {ReturnType<MetricsHistory["toMessage"]> | null} curve
 *
 * @typedef {(
 *   | { type: "leading", leader?: string }
 *   | { type: "following" }
 *   | { type: "course", course: TabState, leader?: string }
 *   | { type: "hand over", to?: string }
 *   | { type: "staying" }
 * )} TabMessage `leading`: who follows is to say so; `staying`: the run would be lost by a hand-over; `to`: the leader that is asked.
 *   Tabs of earlier releases name none.
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
  // Of several that take over at once the first one leads, and what the others asked of the one before is not for it.
  const leader = crypto.randomUUID();
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
    send({ type: "course", course: tabStateOf(session, lasting), leader });
  };
  const changed = () => {
    if (!followed) return;
    const wait = toldAt + OFTEN * (1 + (session.run?.metrics.length ?? 0) / 10_000) - performance.now();
    // Not by the timer alone: a hidden tab's timers are slow.
    if (wait <= 0) tell();
    else timer ??= setTimeout(tell, wait);
  };
  const hear = (/** @type {TabMessage} */ message) => {
    if (waiting) waiting.push(message);
    else if (message.type === "hand over" && lasting && (message.to ?? leader) === leader) void handOver();
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
    if (await session.mayClose()) return location.reload();
    send({ type: "staying" });
    begin();
  };
  const begin = () => {
    const messages = waiting ?? [];
    waiting = null;
    messages.forEach(hear);
  };
  channel.onmessage = ({ data }) => hear(data);
  send({ type: "leading", leader });
  return { changed, begin };
}

/**
 * @param {Session} session
 * @param {boolean} lasting
 * @returns {TabState}
 */
function tabStateOf({ phase, run, draft }, lasting) {
  const { settings, info, text } = draft;
  const state = { phase, lasting, settings, info, name: text.name, ref: text.ref };
  if (!run) return { ...state, run: null, curve: null };
  return { ...state, run: run.toMessage(), curve: run.metrics.toMessage() };
}
