/**
 * The run: its controls, its figures, its curve in words and numbers, and its files.
 *
 * @import { Session } from "../../state/session.js"
 * @import { Manifest } from "../../storage/manifest.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 */

import { describeCharts } from "../../charts/chart-descriptions.js";
import { createMetricsTable } from "../../charts/metrics-table.js";
import { deviceNames } from "../../engine/devices/device-manager.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { copies, shareOf } from "../../state/insights.js";
import { endReasonOf } from "../../state/run.js";
import { nameOf } from "../../state/text-source.js";
import { button, element, input, need, onPress, setText, setUsable, throttle } from "../../ui/dom.js";
import { showTab } from "../../ui/mobile-tabs.js";
import { confirmReplace } from "./confirm-replace.js";
import { earlyTrain } from "./early-train.js";

/** How often a screen reader is told how it goes (milliseconds). */
const ANNOUNCE = 15_000;

/**
 * @param {{ session: Session, runLoader: RunLoader }} context
 * @returns {{ render(): void, begin(): void }}
 */
export function createTrainingPanel({ session, runLoader }) {
  const [train, pause, step, stop] = ["train", "pause", "step", "stop"].map(button);
  if (!train || !pause || !step || !stop) throw new Error("index.html lacks a control");

  /** @param {() => Promise<boolean>} action that puts another run in the place of this one, if it goes well */
  const replacing = async (action) => {
    if (!(await confirmReplace(session, runLoader))) return;
    await runLoader.insteadOfOffered(action);
    session.changed();
  };

  const begin = () => void replacing(() => {
    // At the keyboard the next thing wanted is to pause.
    if (document.activeElement === train) pause.focus();
    earlyTrain.take();
    showTraining();
    return session.train();
  });
  onPress(train, () => (session.phase === "starting" ? tellEarly(session) : begin()));
  onPress(pause, () => void (session.phase === "running" ? session.pause() : session.resume()));
  onPress(step, () => void (session.phase === "ready" ? replacing(() => session.step()) : session.step()));
  onPress(stop, () => {
    if (!earlyTrain.take()) return void session.stop();
    tellEarly(session);
  });
  const goOnWith = (/** @type {() => Promise<unknown>} */ action) => void action().then(() => {
    pause.focus({ preventScroll: true });
    showTraining();
  });
  onPress(button("continue"), () => goOnWith(() => runLoader.continueOffered()));
  onPress(button("train-on"), () => goOnWith(async () => (await runLoader.continueOffered()) && session.trainOn()));
  onPress(button("not-now"), () => {
    runLoader.offerRun(null);
    session.changed();
    train.focus();
  });
  listenForFiles(session, runLoader, replacing);

  const words = () => (session.preparing ? describePhase(session) : inWords(session));
  const announce = throttle(() => session.phase === "running" && setText(element("announcer"), words()), ANNOUNCE);
  let { phase } = session;
  /** Paused by a key, or at its end, a run says so to whoever cannot see it. */
  const announcePhase = () => {
    if (session.phase === phase) return;
    phase = session.phase;
    if (phase === "paused" || phase === "ended") setText(element("announcer"), describePhase(session));
  };
  const summarise = throttle(() => {
    setText(element("chart-summary"), inWords(session));
    describeCharts(session.run);
  }, 1000);
  const table = createMetricsTable(session);
  // While the GPU prepares itself nothing else shows that time passes.
  setInterval(() => session.preparing && setText(element("phase"), describePhase(session)), 1000);

  return {
    begin,
    render() {
      renderControls(session, runLoader);
      renderFigures(session);
      renderOfferedRun(session, runLoader);
      summarise();
      announce();
      announcePhase();
      table();
    },
  };
}

/** Training was asked for, or is not to be any more, before there is an engine. @param {Session} session */
function tellEarly(session) {
  setText(element("announcer"), describePhase(session));
  session.changed();
}

/** On a small screen the curve is far below the button, or on another part of the page. */
function showTraining() {
  showTab("training");
  const place = element("training");
  if (place.getBoundingClientRect().top > innerHeight * 0.5) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    place.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }
}

/**
 * @param {Session} session
 * @param {RunLoader} runLoader
 * @param {(action: () => Promise<boolean>) => Promise<void>} replacing
 */
function listenForFiles(session, runLoader, replacing) {
  const chooser = input("checkpoint-file");
  onPress(button("save"), () => void runLoader.saveFile());
  onPress(button("load"), () => chooser.click());
  chooser.addEventListener("change", () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file && session.phase !== "running") void replacing(() => runLoader.loadFile(file));
  });
}

/**
 * @param {Session} session
 * @param {RunLoader} runLoader
 */
function renderControls(session, runLoader) {
  const { phase, run, draft, busy } = session;
  const up = phase !== "starting" && phase !== "dead";
  const idle = up && !session.active;
  const problem = draft.complaint || (session.leaderPhase ? texts.unusable.otherTab : texts.unusable.starting);
  const early = phase === "starting" && !session.leaderPhase;
  // Until then it can be pressed: early-train.js.
  if (!early) setUsable(button("train"), idle && draft.ready && !busy, session.active ? texts.unusable.running : problem);

  const whyNot = !run ? texts.unusable.notRunning : session.resumable ? texts.unusable.allDone : texts.unusable.otherText;
  const resumes = phase === "paused" || phase === "ended";
  setText(button("pause"), resumes ? texts.resume : texts.markup.pause);
  setUsable(button("pause"), phase === "running" || (resumes && session.canContinue && !busy), whyNot);
  const first = phase === "ready" && draft.ready;
  setUsable(button("step"), !busy && (first || (resumes && session.canContinue)), phase === "running" ? texts.unusable.noSteps : whyNot);
  setUsable(button("stop"), session.active || earlyTrain.wanted, texts.unusable.noRun);
  emphasise(phase === "running" || phase === "paused" ? "pause" : runLoader.offeredRun || earlyTrain.wanted ? "" : "train");

  // The last state of a run outlives its engine.
  setUsable(button("save"), run !== null && (up || run.snapshot !== null), texts.unusable.noModel);
  setUsable(button("load"), up && phase !== "running", texts.unusable.running);
  setText(element("phase"), describePhase(session));
}

/** @param {string} id the one button that is the obvious next */
function emphasise(id) {
  for (const name of ["train", "pause"]) button(name).classList.toggle("primary", name === id);
}

/** @param {Session} session */
function describePhase({ phase, run, client, preparing, eta, leaderPhase }) {
  if (phase === "dead") return texts.phases.ended;
  if (leaderPhase) return texts.phases[leaderPhase === "dead" ? "ended" : leaderPhase];
  if (phase === "starting" && earlyTrain.wanted) return texts.trainsSoon;
  if (phase === "running" && run?.evaluating) return texts.evaluating(run.evaluating.done, run.evaluating.total);
  if (phase === "ended" && run?.endReason) return endReasonOf(run);
  if (preparing && client) return texts.preparing(client.compiledPrograms, eta.elapsed());
  if (phase === "running" && client) return texts.trainingOn(deviceNames[client.device]);
  return texts.phases[phase];
}

/** @param {Session} session */
function renderFigures({ run, eta, phase, leaderPhase }) {
  const write = (/** @type {string} */ id, /** @type {string | null} */ text) => setText(element(id), text ?? texts.none);
  const { train, validation, best, speed } = latest(run);
  write("figure-step", run && `${format.count(run.step)} / ${format.count(run.planned)}`);
  write("figure-train", train === null ? null : format.loss(train));
  write("figure-validation", validation === null ? null : format.loss(validation));
  write("figure-best", best === null ? null : format.loss(best));
  write("figure-speed", speed === null ? null : format.speed(speed));
  const left = run && (leaderPhase ?? phase) === "running" ? eta.secondsFor(run.planned - run.step) : null;
  write("figure-left", left === null ? null : format.duration(left));
  const progress = need("progress", HTMLProgressElement);
  progress.max = run?.planned || 1;
  progress.value = run?.step ?? 0;
}

/** @param {Session["run"]} run */
function latest(run) {
  const metrics = run?.metrics;
  const speed = metrics?.tokens_per_s.findLast((value) => value !== null) ?? null;
  return { train: metrics?.loss ?? null, validation: metrics?.validationLoss ?? null, best: metrics?.best?.loss ?? null, speed };
}

/**
 * @param {Session} session
 * @param {RunLoader} runLoader
 */
function renderOfferedRun({ run, phase }, { offeredRun }) {
  element("kept").hidden = !offeredRun || phase === "starting";
  element("chart-empty").hidden = offeredRun !== null || (run?.metrics.length ?? 0) > 0 || phase === "starting" || run !== null;
  if (!offeredRun) return;
  const { step, settings, loss, name, text, textName, verdict } = offeredRun;
  const over = isOver(offeredRun);
  const say = over ? texts.keptOver : texts.keptRun;
  setText(element("kept-text"), say({ step, planned: settings.steps, loss, name, text: nameOf({ ref: text, name: textName }) }));
  setText(button("continue"), over ? texts.runs.open : texts.markup.continue);
  button("train-on").hidden = !over || verdict === "not_finite";
}

/** Whether a kept run has come to its own end: there is nothing of it to continue. @param {Manifest} run */
const isOver = ({ phase, verdict }) => phase === "ended" && verdict !== null && verdict !== "stopped";

/** @param {Session} session */
function inWords({ run, insights, unit }) {
  if (!run) return texts.markup.noSteps;
  const { step, planned, growths, uniform, metrics } = run;
  const { passed, finding } = insights;
  const parts = [texts.summary({ step, planned, growths, loss: metrics.loss, validation: metrics.validationLoss, best: metrics.best, uniform })];
  if (passed) parts.push(texts.passed[unit][passed]);
  if (finding && copies(finding)) parts.push(texts.copying(shareOf(finding.shown.copied)));
  return parts.join(" ");
}
