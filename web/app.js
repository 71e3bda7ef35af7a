/**
 * Puts the page together: the session and what surrounds it, the panels, and the page's own life (drawing, hiding, leaving).
 *
 * @import { Course } from "./charts.js"
 */

import { Archive } from "./archive.js";
import { Charts } from "./charts.js";
import { Curve } from "./curve.js";
import { Devices } from "./devices.js";
import { element, setText } from "./dom.js";
import { createGeneratePanel } from "./generate-panel.js";
import { createGrowPanel } from "./grow-panel.js";
import { missing } from "./guard.js";
import { createInsidePanel } from "./inside-panel.js";
import { Keeper } from "./keeper.js";
import { isolate } from "./isolate.js";
import { Notices } from "./notices.js";
import { createSamplesPanel } from "./samples.js";
import { Session } from "./session.js";
import { createSettingsPanel } from "./settings-panel.js";
import { claimStore, memoryStore, openStore } from "./store.js";
import { createTextPanel } from "./text-panel.js";
import { texts } from "./texts/index.js";
import { createTrainingPanel } from "./training-panel.js";
import { beginSpeaking, offerLanguages } from "./translate.js";

/** The charts are redrawn at most this often (milliseconds). */
const REDRAW = 100;

await beginSpeaking();
const lacking = missing();
if (lacking) {
  const place = element("unsupported");
  const say = () => setText(place, texts.missing[lacking]);
  place.hidden = false;
  say();
  offerLanguages(say, say);
} else if (!(await isolate())) {
  void main();
}

async function main() {
  const notices = new Notices(element("notices"));
  let rewrite = () => {};
  offerLanguages(() => rewrite(), () => notices.show("error", texts.languageFailed()));
  const keeper = new Keeper(await openKept(notices));
  const session = new Session(keeper, {
    changed: () => changed(),
    tell: (kind, complaint, key) => notices.show(kind, complaint, { key }),
  });
  const devices = new Devices(session);
  const archive = new Archive(session, keeper, devices);
  const charts = new Charts();

  const settled = () => {
    archive.keepDraft();
    devices.settle();
  };
  const panels = [
    createTextPanel({ session, archive, keeper, notices, settled: () => devices.settle() }),
    createSettingsPanel({ session, devices, settled }),
    createTrainingPanel({ session, archive }),
    createGrowPanel({ session, archive, settled: () => devices.settle() }),
    createSamplesPanel({ session, settled }),
    createGeneratePanel({ session }),
    createInsidePanel({ session }),
  ];
  const render = drawing(session, charts, panels);
  rewrite = () => {
    charts.rewrite();
    render();
  };
  let phase = session.phase;
  const changed = () => {
    render();
    if (session.phase !== phase) devices.settle();
    phase = session.phase;
  };

  void charts.open().then(render);
  await begin({ session, devices, archive, keeper });
  keepOnLeaving(session, keeper.lasting);
}

/** @param {Notices} notices */
async function openKept(notices) {
  if (!(await claimStore())) {
    notices.show("info", texts.otherTab(), { actions: [] });
    return memoryStore();
  }
  const store = await openStore();
  if (!store.lasting) notices.show("info", texts.memoryOnly());
  return store;
}

/**
 * From here on the page can be used.
 * @param {{ session: Session, devices: Devices, archive: Archive, keeper: Keeper }} parts
 */
async function begin({ session, devices, archive, keeper }) {
  const { draft, run } = await keeper.recall();
  await session.act(texts.engineDead, async () => {
    try {
      await devices.open(draft?.device ?? "auto");
      await archive.restoreDraft(draft);
      archive.kept = run;
      session.phase = "ready";
    } catch (error) {
      session.phase = "dead";
      throw error instanceof Error ? new Error(error.message, { cause: error }) : error;
    }
  });
  devices.settle();
}

/**
 * What the charts show: the run, or where the next one would start.
 * @param {Session} session
 * @returns {Course | null}
 */
function courseOf({ run, desk: { settings, description } }) {
  if (run) return { curve: run.curve, planned: run.planned, uniform: run.uniform, growths: run.growths };
  return settings && description && { curve: new Curve(), planned: settings.steps, uniform: description.uniform_loss, growths: [] };
}

/**
 * @param {Session} session
 * @param {Charts} charts
 * @param {{ render(): void }[]} panels
 */
function drawing(session, charts, panels) {
  let due = false;
  let drawnAt = -Infinity;
  const draw = () => {
    drawnAt = performance.now();
    charts.draw(courseOf(session));
  };
  const frame = () => {
    due = false;
    for (const panel of panels) panel.render();
    // A long curve takes longer to draw, and changes less with every step.
    const rest = REDRAW * (1 + (session.run?.curve.length ?? 0) / 20_000);
    const wait = drawnAt + rest - performance.now();
    if (wait <= 0) draw();
    else schedule(wait);
  };
  const schedule = (/** @type {number} */ wait) => {
    if (due) return;
    due = true;
    setTimeout(() => requestAnimationFrame(frame), wait);
  };
  return () => schedule(0);
}

/**
 * A page that is hidden may never be seen again.
 * @param {Session} session
 * @param {boolean} lasting whether the browser keeps anything
 */
function keepOnLeaving(session, lasting) {
  document.addEventListener("visibilitychange", () => document.hidden && session.keepNow());
  addEventListener("pagehide", () => session.keepNow());
  // Where nothing can be kept, leaving loses the run.
  addEventListener("beforeunload", (event) => {
    const { run } = session;
    if (!lasting && run && run.step > Math.max(0, run.exportedStep)) event.preventDefault();
  });
}
