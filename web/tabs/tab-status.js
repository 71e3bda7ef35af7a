/**
 * What the page does for a training that nobody watches: its progress in the title, and whether the browser slows a hidden tab down;
 * on request it keeps the screen on, and tells when the training is over.
 *
 * @import { Complaint } from "../platform/errors.js"
 * @import { Phase } from "../state/phase.js"
 * @import { Session } from "../state/session.js"
 * @import { Toasts } from "../ui/toasts.js"
 */

import { texts } from "../i18n/index.js";
import { BackgroundThrottling } from "../platform/background-throttling.js";
import { readLocalJson, writeLocal } from "../platform/local-storage.js";
import { ScreenWakeLock } from "../platform/wake-lock.js";
import { endReasonOf } from "../state/run.js";
import { element, input, setText } from "../ui/dom.js";

/** The title changes at most this often (milliseconds). */
const OFTEN = 1000;
const MEMORY = "mmrec-while-training";

/**
 * @param {Session} session
 * @param {Toasts} toasts
 * @returns {{ changed(): void, notified(kind: "error" | "info", complaint: Complaint): void, relocalize(): void }}
 */
export function createTabStatus(session, toasts) {
  const [awake, tell] = [input("keep-awake"), input("tell-me")];
  const screen = new ScreenWakeLock(() => say());
  const throttling = new BackgroundThrottling();
  /** What says why a training failed. */
  let complaint = "";
  let problem = "";
  /** @type {Phase} */
  let phase = session.phase;
  let titledAt = -Infinity;

  const say = () => setText(element("while-state"), problem || (screen.held ? texts.screenStaysOn : screen.refused ? texts.screenRefused : ""));
  const title = () => {
    titledAt = performance.now();
    document.title = titleOf(session);
  };
  const keepScreen = () => void screen.want(awake.checked && session.phase === "running");
  const changePhase = () => {
    // What cannot be shown there stands on the page.
    if (phase === "running" && document.hidden && tell.checked) void notify(session, complaint).catch(() => {});
    if (session.phase === "running") complaint = "";
    phase = session.phase;
    throttling.reset();
    keepScreen();
  };

  offer(awake, Boolean(navigator.wakeLock));
  offer(tell, Boolean(globalThis.Notification));
  element("while-training").hidden = awake.hidden && tell.hidden;
  const remembered = /** @type {{ awake?: boolean, tell?: boolean } | null} */ (readLocalJson(MEMORY));
  const rememberChoice = () => writeLocal(MEMORY, JSON.stringify({ awake: awake.checked, tell: tell.checked }));
  awake.checked = !awake.hidden && remembered?.awake === true;
  tell.checked = !tell.hidden && remembered?.tell === true && Notification.permission === "granted";
  awake.addEventListener("change", () => {
    rememberChoice();
    keepScreen();
    say();
  });
  tell.addEventListener("change", async () => {
    problem = "";
    if (tell.checked && !(await mayNotify())) {
      tell.checked = false;
      problem = texts.notificationsRefused;
    }
    rememberChoice();
    say();
  });
  document.addEventListener("visibilitychange", () => {
    const share = throttling.share;
    if (!document.hidden && share !== null) toasts.show("info", texts.sloweredWhileHidden(share), { key: "hidden" });
    throttling.turn();
    keepScreen();
  });

  return {
    changed() {
      const { run } = session;
      if (session.phase !== phase) {
        changePhase();
        title();
      } else if (performance.now() - titledAt >= OFTEN) title();
      if (run && phase === "running") throttling.mark(run.step, document.hidden);
    },
    notified(kind, { what }) {
      if (kind === "error") complaint = what;
    },
    relocalize() {
      problem = "";
      title();
      say();
    },
  };
}

/** @param {Session} session */
function titleOf({ phase, run }) {
  if (phase !== "running" || !run || run.loss === null) return texts.markup.title;
  const part = Math.floor((100 * run.step) / Math.max(1, run.planned)) / 100;
  return texts.titleTraining(part, run.loss);
}

/** Asks the person, where that is not settled. */
async function mayNotify() {
  try {
    return (await Notification.requestPermission()) === "granted";
  } catch {
    return false;
  }
}

/** Says that a training is over to a person who looks elsewhere. @param {Session} session @param {string} complaint */
async function notify({ phase, run }, complaint) {
  const body = phase === "ended" && run ? texts.trainingOver(endReasonOf(run), run.step, run.loss) : complaint;
  if (!body) return;
  const options = { body, tag: "mmrec", icon: new URL("../icons/icon-192.png", import.meta.url).href };
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => null);
  // Phones know no other kind; it needs the service worker, which answers when it is pressed.
  if (registration?.active) return registration.showNotification(texts.notificationTitle, options);
  const notification = new Notification(texts.notificationTitle, options);
  notification.onclick = () => window.focus();
}

/**
 * @param {HTMLInputElement} box
 * @param {boolean} supported
 */
function offer(box, supported) {
  box.hidden = !supported;
  if (box.parentElement) box.parentElement.hidden = !supported;
}
