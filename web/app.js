/**
 * Puts the page together: the session and what surrounds it, the panels, and the page's own life (drawing, hiding, leaving).
 *
 * @import { ChartData } from "./charts/charts.js"
 * @import { ReferenceLine } from "./charts/reference-lines.js"
 * @import { Settings } from "./engine/engine-types.js"
 * @import { Complaint } from "./platform/errors.js"
 * @import { Manifest } from "./storage/manifest.js"
 * @import { StoredDraft } from "./storage/run-store.js"
 * @import { LeaderState } from "./tabs/tab-follower.js"
 *
 * What goes along with the session, also while the page is hidden and nothing is drawn.
 * @typedef {{ changed?(): void, notified?(kind: "error" | "info", complaint: Complaint): void, relocalize?(): void }} Companion
 *
 * Changes settings, and brings along what depends on them.
 * @callback Change
 * @param {Partial<Settings>} change
 * @param {(error: unknown) => Complaint} [explain] why it did not go well
 * @returns {Promise<void>}
 */

import { Charts } from "./charts/charts.js";
import { DeviceManager } from "./engine/devices/device-manager.js";
import { download } from "./engine/engine-preload.js";
import { texts } from "./i18n/index.js";
import { initLanguage, offerLanguageChoice } from "./i18n/translate.js";
import { createGeneratePanel } from "./panels/generate/generate-panel.js";
import { createSamplesPanel } from "./panels/generate/samples-panel.js";
import { createInsightsPanel } from "./panels/insights/insights-panel.js";
import { createOverfitPanel } from "./panels/insights/overfit-panel.js";
import { createRunsPanel, showRuns } from "./panels/runs/runs-panel.js";
import { createAdvicePanel } from "./panels/settings/advice-panel.js";
import { createSettingsPanel } from "./panels/settings/settings-panel.js";
import { followLinks } from "./panels/share/follow-links.js";
import { createTextPanel } from "./panels/text/text-panel.js";
import { earlyTrain } from "./panels/training/early-train.js";
import { createGrowPanel } from "./panels/training/grow-panel.js";
import { createTrainingPanel } from "./panels/training/training-panel.js";
import { missingFeature } from "./platform/browser-support.js";
import { ensureIsolation } from "./platform/cross-origin-isolation.js";
import { importAgain } from "./platform/import-again.js";
import { MetricsHistory } from "./state/metrics-history.js";
import { ModelSizes } from "./state/model-sizes.js";
import { Session } from "./state/session.js";
import { RunLoader } from "./storage/run-loader.js";
import { RunStore } from "./storage/run-store.js";
import { askToLast, claimStore, openStore } from "./storage/store.js";
import { Trash } from "./storage/trash.js";
import { createTabStatus } from "./tabs/tab-status.js";
import { handedOver, leadTabs } from "./tabs/tab-sync.js";
import { element, input, onceAFrame, setText, throttle, withEach } from "./ui/dom.js";
import { createLazyPanel } from "./ui/lazy-panel.js";
import { initMobileTabs, rememberInitialTab, showInitialTab } from "./ui/mobile-tabs.js";
import { offerShortcuts } from "./ui/shortcuts.js";
import { Toasts } from "./ui/toasts.js";

/** What moves on with every step is drawn at most this often (milliseconds). */
const REDRAW = 100;
/** Where nobody trains, what the page needs without a connection is kept after this long (milliseconds). */
const IDLE = 8000;

await initLanguage();
const lacking = missingFeature();
if (lacking) {
  const place = element("unsupported");
  const say = () => setText(place, texts.missing[lacking]);
  place.hidden = false;
  say();
  offerLanguageChoice(say, say);
} else if (!(await ensureIsolation())) {
  main().catch((error) => new Toasts(element("notices")).show("error", texts.pageFailed(error)));
}

async function main() {
  const toasts = new Toasts(element("notices"));
  let relocalize = () => {};
  initMobileTabs();
  offerShortcuts();
  const spoken = () => {
    toasts.dismiss("language");
    relocalize();
  };
  offerLanguageChoice(spoken, () => toasts.show("error", texts.languageFailed(), { key: "language" }));
  const leading = claimStore();
  const runStore = new RunStore(await openStore());
  runStore.onStateSaved = () => {
    for (const key of ["full", "keep"]) toasts.dismiss(key);
  };
  /** @type {Companion[]} */
  const companions = [];
  const session = new Session(runStore, {
    changed: () => changed(),
    advanced: () => advanced(),
    tell: (kind, complaint, key) => {
      // What it speaks of is seen with it.
      withEach(panels, (panel) => panel.render());
      toasts.show(kind, complaint, { key, actions: key === "full" ? [{ label: texts.runs.show, run: showRuns }] : [] });
      for (const companion of companions) companion.notified?.(kind, complaint);
    },
    trainingStarts: () => devices.makeWay(),
    workerDied: (device, failure) => devices.replace(device, failure),
    reviveWorker: () => devices.revive(),
  });
  /** @type {DeviceManager} */
  const devices = new DeviceManager(session);
  const sizes = new ModelSizes(session);
  const runLoader = new RunLoader(session, runStore, devices);
  const charts = new Charts();
  const trash = new Trash(runLoader, runStore, toasts);

  const draftChanged = () => {
    runLoader.saveDraft();
    devices.scheduleBenchmark();
  };
  /** @type {Change} */
  const change = async (to, explain = texts.failed.settings) => {
    await session.act(explain, () => session.changeSettings(to));
    draftChanged();
  };
  const { panels, text, training } = createPanels({ session, runLoader, runStore, devices, sizes, charts, trash, toasts, change, draftChanged });
  const render = drawing(session, charts, panels);
  download.onProgress = render;
  const renderStep = throttle(render, REDRAW);
  relocalize = () => {
    charts.relocalize();
    render();
    for (const companion of companions) companion.relocalize?.();
  };
  input("levels").addEventListener("change", render);
  let phase = session.phase;
  const changed = () => {
    render();
    if (session.phase !== phase) devices.scheduleBenchmark();
    // From now on there is something to lose.
    if (session.phase !== phase && session.phase === "ended" && runStore.lasting) askToLast();
    phase = session.phase;
    for (const companion of companions) companion.changed?.();
  };
  const advanced = () => {
    renderStep();
    for (const companion of companions) companion.changed?.();
  };

  void toasts.loadPart(() => charts.open()).then(render);
  const handed = handedOver();
  const led = await leading;
  const left = led ? handed && { phase: /** @type {const} */ ("running"), run: handed } : await follow(session, toasts, companions);
  if (left === "not loaded") return;
  const recalled = await runStore.recall();
  if (recalled.broken > 0) toasts.show("info", texts.runsUnread(recalled.broken));
  if (!runStore.lasting) toasts.show("info", texts.memoryOnly());
  const tabs = leadTabs(session, runStore.lasting, !led);
  companions.push(createTabStatus(session, toasts), tabs, offlineSoon(session, toasts));
  await begin({ session, devices, runLoader, runStore, stored: recalled.draft });
  companions.push(foreseeing(runStore));
  trash.offerAgain();
  saveOnLeaving(session);
  if (left) await goOn({ session, runLoader, runStore }, left, recalled.draft);
  tabs.begin();
  await followLinks({ session, toasts, change, draftChanged });
  session.changed();
  const arrived = await text.arrived();
  if (earlyTrain.take() && arrived && session.phase === "ready" && session.draft.ready) training.begin();
  session.changed();
}

/**
 * All panels, in the order in which they are drawn; and the two that the page's beginning asks something of.
 * @param {{ session: Session, runLoader: RunLoader, runStore: RunStore, devices: DeviceManager, sizes: ModelSizes, charts: Charts,
 *   trash: Trash, toasts: Toasts, change: Change, draftChanged(): void }} parts
 */
function createPanels({ session, runLoader, runStore, devices, sizes, charts, trash, toasts, change, draftChanged }) {
  const training = createTrainingPanel({ session, runLoader });
  const text = createTextPanel({ session, runLoader, runStore, toasts, draftChanged: () => devices.scheduleBenchmark() });
  const panels = [
    text,
    createSettingsPanel({ session, devices, sizes, change, draftChanged }),
    createAdvicePanel({ session, devices, change }),
    createLazyPanel("presets", async (body) => new (await importAgain(() => import("./panels/settings/presets-view.js"))).PresetsView({ session, devices, change }, body)),
    createLazyPanel("rate", async (body) => new (await importAgain(() => import("./panels/lr-finder/view.js"))).LrFinderView({ session, change }, body)),
    training,
    createLazyPanel("share", async (body) => (await importAgain(() => import("./panels/share/view.js"))).openView(session, runLoader, body)),
    createRunsPanel({ session, runLoader, runStore, toasts, charts, trash, draftChanged }),
    createGrowPanel({ session, runLoader, sizes, draftChanged: () => devices.scheduleBenchmark() }),
    createSamplesPanel({ session, change }),
    createInsightsPanel({ session }),
    createOverfitPanel({ session, change }),
    createGeneratePanel({ session }),
    createLazyPanel("inside", async (body) => (await importAgain(() => import("./panels/inspect/view.js"))).openView(session, body)),
  ];
  return { panels, text, training };
}

/**
 * Shows what another tab does until this one is the only one, or the person wants it here.
 * @param {Session} session
 * @param {Toasts} toasts
 * @param {Companion[]} companions
 * @returns {Promise<LeaderState | "not loaded">}
 */
async function follow(session, toasts, companions) {
  // What was pressed here was pressed for a page that works.
  earlyTrain.take();
  const loaded = await toasts.loadPart(() => import("./tabs/tab-follower.js"));
  if (!loaded) return "not loaded";
  showInitialTab("training");
  const following = new loaded.TabFollower(session);
  const companion = { changed: () => following.render(), relocalize: () => following.render() };
  companions.push(companion);
  const left = await following.untilFree();
  companions.splice(companions.indexOf(companion), 1);
  return left;
}

/**
 * Goes on here with what another tab did: with that run and no other.
 * @param {{ session: Session, runLoader: RunLoader, runStore: RunStore }} parts
 * @param {LeaderState} left
 * @param {StoredDraft | null} draft which stays where it is one for another run
 */
async function goOn({ session, runLoader, runStore }, { phase, run }, draft) {
  if (!run) return;
  const kept = runStore.run(run.id);
  if (!kept?.states.length) return session.tell("error", texts.leftUnkept(run.step), "left");
  if (phase === "ended" && !isDraftOf(draft, kept)) return;
  runLoader.offerRun(kept);
  await runLoader.continueOffered();
  if (phase === "running" && session.phase === "paused") await session.resume();
}

/** Whether a draft is what a run was made from. @param {StoredDraft | null} draft @param {Manifest} run */
function isDraftOf(draft, { text, settings }) {
  const same = (/** @type {object} */ one, /** @type {object} */ other) => JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
  return draft !== null && same(draft.text, text) && same(draft.settings, settings);
}

/**
 * Keeps the page for visits without a connection, when its first step is done or nobody trains.
 * @param {Session} session
 * @param {Toasts} toasts
 * @returns {Companion}
 */
function offlineSoon(session, toasts) {
  /** @type {Companion | null} */
  let offline = null;
  let begun = false;
  const begin = async () => {
    if (begun) return;
    begun = true;
    offline = await toasts.loadPart(async () => (await import("./platform/offline.js")).createOffline(session, toasts));
  };
  setTimeout(() => void begin(), IDLE);
  return {
    changed() {
      if (session.run?.step) void begin();
      offline?.changed?.();
    },
    relocalize: () => offline?.relocalize?.(),
  };
}

/**
 * From here on the page can be used.
 * @param {{ session: Session, devices: DeviceManager, runLoader: RunLoader, runStore: RunStore, stored: StoredDraft | null }} parts
 */
async function begin({ session, devices, runLoader, runStore, stored }) {
  await session.act(texts.engineDead, async () => {
    try {
      await devices.open(stored?.device ?? "auto");
      await runLoader.restoreDraft(stored);
      runLoader.offerRun(offeredBy(runStore));
      showInitialTab(runLoader.offeredRun ? "training" : "setup");
      session.opened();
    } catch (error) {
      session.died();
      throw error instanceof Error ? new Error(error.message, { cause: error }) : error;
    }
  });
  devices.scheduleBenchmark();
}

/** The run that a visit begins with: the newest, where it can go on. @param {RunStore} runStore @returns {Manifest | null} */
function offeredBy({ runs: [newest] }) {
  return newest && newest.states.length > 0 ? newest : null;
}

/**
 * What the next visit begins with is said before it, so that it need not wait for that.
 * @param {RunStore} runStore
 * @returns {Companion}
 */
function foreseeing(runStore) {
  let known = -1;
  const changed = () => {
    if (runStore.changes === known) return;
    known = runStore.changes;
    rememberInitialTab(runStore.lasting && offeredBy(runStore) ? "training" : "setup");
  };
  changed();
  return { changed };
}

/**
 * What the charts show: the run, or where the next one would start.
 * @param {Session} session
 * @returns {ChartData | null}
 */
function chartDataOf(session) {
  const { run, draft: { settings, description } } = session;
  const referenceLines = referenceLinesOf(session);
  if (run) return { metrics: run.metrics, planned: run.planned, uniform: run.uniform, referenceLines, growths: run.growths };
  return settings && description && { metrics: new MetricsHistory(), planned: settings.steps, uniform: description.uniform_loss, referenceLines, growths: [] };
}

/**
 * @param {Session} session
 * @returns {ReferenceLine[]}
 */
function referenceLinesOf({ insights, unit }) {
  if (!input("levels").checked) return [];
  return insights.baselines.map(({ name, value }) => ({ value, label: texts.levels[unit][name] }));
}

/**
 * The panels show what has changed at the next frame; the charts, which take longer, follow when it is their time.
 * @param {Session} session
 * @param {Charts} charts
 * @param {{ render(): void }[]} panels
 */
function drawing(session, charts, panels) {
  // A long curve takes longer to draw, and changes less with every step.
  const rest = () => REDRAW * (1 + (session.run?.metrics.length ?? 0) / 20_000);
  const drawCharts = throttle(onceAFrame(() => charts.draw(chartDataOf(session))), rest);
  return onceAFrame(() => {
    withEach(panels, (panel) => panel.render());
    drawCharts();
  });
}

/**
 * A page that is hidden may never be seen again.
 * @param {Session} session
 */
function saveOnLeaving(session) {
  document.addEventListener("visibilitychange", () => document.hidden && session.saveNow());
  addEventListener("pagehide", () => session.saveNow());
  addEventListener("beforeunload", (event) => session.askBeforeLeaving && event.preventDefault());
}
