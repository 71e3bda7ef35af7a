/**
 * Puts the page together: the session and what surrounds it, the panels, and the page's own life (drawing, hiding, leaving).
 *
 * @import { Course } from "./charts/charts.js"
 * @import { LabelledLevel } from "./charts/reference-lines.js"
 * @import { Settings } from "./engine/engine-types.js"
 * @import { Complaint } from "./platform/errors.js"
 * @import { Left } from "./platform/tab-follower.js"
 * @import { Manifest } from "./storage/manifest.js"
 * @import { Draft } from "./storage/run-store.js"
 *
 * What goes along with the session, also while the page is hidden and nothing is drawn.
 * @typedef {{ changed?(): void, told?(kind: "error" | "info", complaint: Complaint): void, rewrite?(): void }} Companion
 *
 * Changes settings, and brings along what depends on them.
 * @callback Change
 * @param {Partial<Settings>} change
 * @param {(error: unknown) => Complaint} [explain] why it did not go well
 * @returns {Promise<void>}
 */

import { Charts } from "./charts/charts.js";
import { Devices } from "./engine/devices/device-manager.js";
import { download } from "./engine/engine-preload.js";
import { texts } from "./i18n/index.js";
import { beginSpeaking, offerLanguages } from "./i18n/translate.js";
import { createGeneratePanel } from "./panels/generate/generate-panel.js";
import { createSamplesPanel } from "./panels/generate/samples-panel.js";
import { createLearnedPanel } from "./panels/insights/insights-panel.js";
import { createOverfitPanel } from "./panels/insights/overfit-panel.js";
import { createRunsPanel, showRuns } from "./panels/runs/runs-panel.js";
import { createAdvicePanel } from "./panels/settings/advice-panel.js";
import { createSettingsPanel } from "./panels/settings/settings-panel.js";
import { followLinks } from "./panels/share/follow-links.js";
import { createTextPanel } from "./panels/text/text-panel.js";
import { earlyTrain } from "./panels/training/early-train.js";
import { createGrowPanel } from "./panels/training/grow-panel.js";
import { createTrainingPanel } from "./panels/training/training-panel.js";
import { missing } from "./platform/browser-support.js";
import { isolate } from "./platform/cross-origin-isolation.js";
import { createPresence } from "./platform/tab-status.js";
import { leadTabs } from "./platform/tab-sync.js";
import { Curve } from "./state/metrics-history.js";
import { StageSizes } from "./state/model-sizes.js";
import { Session } from "./state/session.js";
import { Archive } from "./storage/run-loader.js";
import { Keeper } from "./storage/run-store.js";
import { askToLast, claimStore, openStore } from "./storage/store.js";
import { Trash } from "./storage/trash.js";
import { element, input, onceAFrame, setText, throttle, withEach } from "./ui/dom.js";
import { createLazyPanel } from "./ui/lazy-panel.js";
import { expectFirst, offerParts, showFirst } from "./ui/mobile-tabs.js";
import { offerShortcuts } from "./ui/shortcuts.js";
import { Notices } from "./ui/toasts.js";

/** What moves on with every step is drawn at most this often (milliseconds). */
const REDRAW = 100;
/** Where nobody trains, what the page needs without a connection is kept after this long (milliseconds). */
const IDLE = 8000;

await beginSpeaking();
const lacking = missing();
if (lacking) {
  const place = element("unsupported");
  const say = () => setText(place, texts.missing[lacking]);
  place.hidden = false;
  say();
  offerLanguages(say, say);
} else if (!(await isolate())) {
  main().catch((error) => new Notices(element("notices")).show("error", texts.pageFailed(error)));
}

async function main() {
  const notices = new Notices(element("notices"));
  let rewrite = () => {};
  offerParts();
  offerShortcuts();
  const spoken = () => {
    notices.dismiss("language");
    rewrite();
  };
  offerLanguages(spoken, () => notices.show("error", texts.languageFailed(), { key: "language" }));
  const leading = claimStore();
  const keeper = new Keeper(await openStore());
  keeper.onKept = () => {
    for (const key of ["full", "keep"]) notices.dismiss(key);
  };
  /** @type {Companion[]} */
  const companions = [];
  const session = new Session(keeper, {
    changed: () => changed(),
    advanced: () => advanced(),
    tell: (kind, complaint, key) => {
      // What it speaks of is seen with it.
      withEach(panels, (panel) => panel.render());
      notices.show(kind, complaint, { key, actions: key === "full" ? [{ label: texts.runs.show, run: showRuns }] : [] });
      for (const companion of companions) companion.told?.(kind, complaint);
    },
  });
  const devices = new Devices(session);
  const sizes = new StageSizes(session);
  const archive = new Archive(session, keeper, devices);
  const charts = new Charts();
  const trash = new Trash(archive, keeper, notices);

  const settled = () => {
    archive.keepDraft();
    devices.settle();
  };
  /** @type {Change} */
  const change = async (to, explain = texts.failed.settings) => {
    await session.act(explain, () => session.changeSettings(to));
    settled();
  };
  const training = createTrainingPanel({ session, archive });
  const text = createTextPanel({ session, archive, keeper, notices, settled: () => devices.settle() });
  const panels = [
    text,
    createSettingsPanel({ session, devices, sizes, change, settled }),
    createAdvicePanel({ session, devices, change }),
    createLazyPanel("recipes", async (body) => new (await import("./panels/settings/presets-view.js")).RecipesView({ session, devices, change }, body)),
    createLazyPanel("rate", async (body) => new (await import("./panels/lr-finder/view.js")).RateView({ session, change }, body)),
    training,
    createLazyPanel("share", async (body) => (await import("./panels/share/view.js")).openView(session, archive, body)),
    createRunsPanel({ session, archive, keeper, notices, charts, trash, settled }),
    createGrowPanel({ session, archive, sizes, settled: () => devices.settle() }),
    createSamplesPanel({ session, change }),
    createLearnedPanel({ session }),
    createOverfitPanel({ session, change }),
    createGeneratePanel({ session }),
    createLazyPanel("inside", async (body) => (await import("./panels/inspect/view.js")).openView(session, body)),
  ];
  const render = drawing(session, charts, panels);
  download.onProgress = render;
  const renderStep = throttle(render, REDRAW);
  rewrite = () => {
    charts.rewrite();
    render();
    for (const companion of companions) companion.rewrite?.();
  };
  input("levels").addEventListener("change", render);
  let phase = session.phase;
  const changed = () => {
    render();
    if (session.phase !== phase) devices.settle();
    // From now on there is something to lose.
    if (session.phase !== phase && session.phase === "ended" && keeper.lasting) askToLast();
    phase = session.phase;
    for (const companion of companions) companion.changed?.();
  };
  const advanced = () => {
    renderStep();
    for (const companion of companions) companion.changed?.();
  };

  void notices.part(() => charts.open()).then(render);
  const left = (await leading) ? null : await follow(session, notices, companions);
  if (left === "not loaded") return;
  const recalled = await keeper.recall();
  if (recalled.broken > 0) notices.show("info", texts.runsUnread(recalled.broken));
  if (!keeper.lasting) notices.show("info", texts.memoryOnly());
  const tabs = leadTabs(session, keeper.lasting);
  companions.push(createPresence(session, notices), tabs, offlineSoon(session, notices));
  await begin({ session, devices, archive, keeper, draft: recalled.draft });
  companions.push(foreseeing(keeper));
  trash.offerAgain();
  keepOnLeaving(session);
  if (left) await goOn({ session, archive, keeper }, left);
  tabs.begin();
  await followLinks({ session, notices, change, settled });
  session.changed();
  const arrived = await text.arrived();
  if (earlyTrain.take() && arrived && session.phase === "ready" && session.desk.ready) training.begin();
  session.changed();
}

/**
 * Shows what another tab does until this one is the only one, or the person wants it here.
 * @param {Session} session
 * @param {Notices} notices
 * @param {Companion[]} companions
 * @returns {Promise<Left | "not loaded">}
 */
async function follow(session, notices, companions) {
  // What was pressed here was pressed for a page that works.
  earlyTrain.take();
  const loaded = await notices.part(() => import("./platform/tab-follower.js"));
  if (!loaded) return "not loaded";
  showFirst("training");
  const following = new loaded.Following(session);
  const companion = { changed: () => following.render(), rewrite: () => following.render() };
  companions.push(companion);
  const left = await following.untilFree();
  companions.splice(companions.indexOf(companion), 1);
  return left;
}

/**
 * Goes on here with what another tab did: with that run and no other.
 * @param {{ session: Session, archive: Archive, keeper: Keeper }} parts
 * @param {Left} left
 */
async function goOn({ session, archive, keeper }, { phase, run }) {
  // One without settings was opened from a file, and is there still.
  if (!run?.settings) return;
  const kept = keeper.run(run.id);
  if (!kept?.states.length) return session.tell("error", texts.leftUnkept(run.step), "left");
  archive.kept = kept;
  await archive.continueKept();
  if (phase === "running" && session.phase === "paused") await session.resume();
}

/**
 * Keeps the page for visits without a connection, when its first step is done or nobody trains.
 * @param {Session} session
 * @param {Notices} notices
 * @returns {Companion}
 */
function offlineSoon(session, notices) {
  /** @type {Companion | null} */
  let offline = null;
  let begun = false;
  const begin = async () => {
    if (begun) return;
    begun = true;
    offline = await notices.part(async () => (await import("./platform/offline.js")).createOffline(session, notices));
  };
  setTimeout(() => void begin(), IDLE);
  return {
    changed() {
      if (session.run?.step) void begin();
      offline?.changed?.();
    },
    rewrite: () => offline?.rewrite?.(),
  };
}

/**
 * From here on the page can be used.
 * @param {{ session: Session, devices: Devices, archive: Archive, keeper: Keeper, draft: Draft | null }} parts
 */
async function begin({ session, devices, archive, keeper, draft }) {
  await session.act(texts.engineDead, async () => {
    try {
      await devices.open(draft?.device ?? "auto");
      await archive.restoreDraft(draft);
      archive.kept = offeredBy(keeper);
      showFirst(archive.kept ? "training" : "setup");
      session.phase = "ready";
    } catch (error) {
      session.phase = "dead";
      throw error instanceof Error ? new Error(error.message, { cause: error }) : error;
    }
  });
  devices.settle();
}

/** The run that a visit begins with: the newest, where it can go on. @param {Keeper} keeper @returns {Manifest | null} */
function offeredBy({ runs: [newest] }) {
  return newest && newest.states.length > 0 ? newest : null;
}

/**
 * What the next visit begins with is said before it, so that it need not wait for that.
 * @param {Keeper} keeper
 * @returns {Companion}
 */
function foreseeing(keeper) {
  let known = -1;
  const changed = () => {
    if (keeper.changes === known) return;
    known = keeper.changes;
    expectFirst(keeper.lasting && offeredBy(keeper) ? "training" : "setup");
  };
  changed();
  return { changed };
}

/**
 * What the charts show: the run, or where the next one would start.
 * @param {Session} session
 * @returns {Course | null}
 */
function courseOf(session) {
  const { run, desk: { settings, description } } = session;
  const levels = levelsOf(session);
  if (run) return { curve: run.curve, planned: run.planned, uniform: run.uniform, levels, growths: run.growths };
  return settings && description && { curve: new Curve(), planned: settings.steps, uniform: description.uniform_loss, levels, growths: [] };
}

/**
 * @param {Session} session
 * @returns {LabelledLevel[]}
 */
function levelsOf({ learned, unit }) {
  if (!input("levels").checked) return [];
  return learned.levels.map(({ name, value }) => ({ value, label: texts.levels[unit][name] }));
}

/**
 * The panels show what has changed at the next frame; the charts, which take longer, follow when it is their time.
 * @param {Session} session
 * @param {Charts} charts
 * @param {{ render(): void }[]} panels
 */
function drawing(session, charts, panels) {
  // A long curve takes longer to draw, and changes less with every step.
  const rest = () => REDRAW * (1 + (session.run?.curve.length ?? 0) / 20_000);
  const drawCharts = throttle(onceAFrame(() => charts.draw(courseOf(session))), rest);
  return onceAFrame(() => {
    withEach(panels, (panel) => panel.render());
    drawCharts();
  });
}

/**
 * A page that is hidden may never be seen again.
 * @param {Session} session
 */
function keepOnLeaving(session) {
  document.addEventListener("visibilitychange", () => document.hidden && session.keepNow());
  addEventListener("pagehide", () => session.keepNow());
  addEventListener("beforeunload", (event) => session.askBeforeLeaving && event.preventDefault());
}
