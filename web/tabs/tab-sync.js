/**
 * Several tabs of the page: the one that holds the store trains, the others follow it and may take over. They talk through a channel
 * that carries `TabMessage`s. This is the side that is followed; the other one is in `tab-follower.js`.
 *
 * @import { Settings, DataInfo } from "../engine/engine-types.js"
 * @import { Run, RunMessage } from "../state/run.js"
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
 *   | { type: "leading", leader?: string, taken?: boolean }
 *   | { type: "following" }
 *   | { type: "course", course: TabState, leader?: string }
 *   | { type: "hand over", to?: string }
 *   | { type: "staying", reason?: "unkept" | "busy" }
 * )} TabMessage
 * - `leading`: who follows is to say so; `taken`: by a hand-over, else by being loaded
 * - `hand over`: `to` the leader that is asked, and no other
 * - `staying`: something would be lost by a hand-over
 */

const CHANNEL = "mmrec";
const TYPES = new Set(["leading", "following", "course", "hand over", "staying"]);
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
 * What another tab says. It may be of another version, and so may be what it says.
 * @param {Pick<BroadcastChannel, "onmessage">} channel
 * @param {(message: TabMessage) => void} hear
 */
export function listen(channel, hear) {
  channel.onmessage = ({ data }) => {
    const known = TYPES.has(data?.type) && (data.type !== "course" || typeof data.course?.phase === "string");
    if (known) hear(data);
  };
}

/** The run that this tab was training when it made way for another one; only once. @returns {Pick<Run, "id" | "step"> | null} */
export function handedOver() {
  const handed = history.state?.handedOver ?? null;
  if (handed) history.replaceState(null, "");
  return handed;
}

/**
 * @param {Session} session
 * @param {boolean} lasting whether the browser keeps anything
 * @param {boolean} taken whether another tab has handed over
 * @returns {{ changed(): void, begin(): void }} `begin`: from now on it can answer; what it would say before is soon otherwise
 */
export function leadTabs(session, lasting, taken) {
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
    else if (message.type === "hand over" && message.to === leader && (lasting || !session.run)) void handOver();
    else if (message.type === "following") {
      followed = true;
      tell();
    }
  };
  /** Keeps everything, and comes back as a follower of the tab that takes over. */
  const handOver = async () => {
    // The other tab goes on with what it saw last, which is not to be that this one pauses.
    tell();
    followed = false;
    waiting = [{ type: "following" }];
    const { phase, run } = session;
    const reason = await session.reasonToStay();
    if (reason) {
      send({ type: "staying", reason });
      return begin();
    }
    // Whoever takes over may be gone before it does.
    if (phase === "running" && run) history.replaceState({ handedOver: { id: run.id, step: run.step } }, "");
    location.reload();
  };
  const begin = () => {
    const messages = waiting ?? [];
    waiting = null;
    messages.forEach(hear);
  };
  listen(channel, hear);
  send({ type: "leading", leader, taken });
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
