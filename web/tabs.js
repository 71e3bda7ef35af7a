/**
 * Several tabs of the page: the one that holds the store trains, the others follow it and may take over. They talk through a channel
 * that carries `TabMessage`s. This is the side that is followed; the other one is in `following.js`.
 *
 * @import { Settings, DataInfo } from "./engine-types.js"
 * @import { DeskText } from "./desk.js"
 * @import { Phase, Session } from "./session.js"
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
 *   | { type: "following" }
 *   | { type: "course", course: Course }
 *   | { type: "hand over" }
 * )} TabMessage
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
 * @returns {{ changed(): void }}
 */
export function leadTabs(session, lasting) {
  const channel = openChannel();
  let followed = false;
  let toldAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    toldAt = performance.now();
    channel.postMessage(/** @type {TabMessage} */ ({ type: "course", course: courseOf(session, lasting) }));
  };
  const changed = () => {
    if (!followed) return;
    const wait = toldAt + OFTEN * (1 + (session.run?.curve.length ?? 0) / 10_000) - performance.now();
    // Not by the timer alone: a hidden tab's timers are slow.
    if (wait <= 0) tell();
    else timer ??= setTimeout(tell, wait);
  };
  channel.onmessage = ({ data }) => {
    const message = /** @type {TabMessage} */ (data);
    if (message.type === "hand over" && lasting) {
      // That it pauses is not to be told: the other tab is to go on with what it saw last.
      followed = false;
      clearTimeout(timer);
      channel.onmessage = null;
      void handOver(session);
    } else if (message.type === "following") {
      followed = true;
      tell();
    }
  };
  return { changed };
}

/**
 * Keeps everything, and comes back as a follower of the tab that takes over.
 * @param {Session} session
 */
async function handOver(session) {
  if (session.phase === "running") await session.pause();
  await session.settled();
  location.reload();
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
