/**
 * The run: its controls, its figures, its curve in words and numbers, and its files.
 *
 * @import { Archive } from "./archive.js"
 * @import { Manifest } from "./manifest.js"
 * @import { Run } from "./run.js"
 * @import { Session } from "./session.js"
 */

import { describeCharts } from "./chart-words.js";
import { createCurveTable } from "./curve-table.js";
import { deviceNames } from "./devices.js";
import { button, element, input, need, onPress, setText, setUsable, throttle } from "./dom.js";
import { earlyTrain } from "./early-train.js";
import * as format from "./format.js";
import { copies, shareOf } from "./learned.js";
import { showPart } from "./parts.js";
import { mayReplace } from "./replace.js";
import { nameOf } from "./text-source.js";
import { texts } from "./texts/index.js";

/** How often a screen reader is told how it goes (milliseconds). */
const ANNOUNCE = 15_000;

/**
 * @param {{ session: Session, archive: Archive }} context
 * @returns {{ render(): void, begin(): void }}
 */
export function createTrainingPanel({ session, archive }) {
  const [train, pause, step, stop] = ["train", "pause", "step", "stop"].map(button);
  if (!train || !pause || !step || !stop) throw new Error("index.html lacks a control");

  /** @param {() => Promise<boolean>} action that puts another run in the place of this one, if it goes well */
  const replacing = async (action) => {
    if (!(await mayReplace(session, archive))) return;
    // What is not continued stays in the list.
    const { kept } = archive;
    archive.kept = null;
    if (!(await action())) archive.kept = kept;
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
  onPress(button("continue"), () => goOnWith(() => archive.continueKept()));
  onPress(button("train-on"), () => goOnWith(async () => (await archive.continueKept()) && session.trainOn()));
  onPress(button("not-now"), () => {
    archive.kept = null;
    session.changed();
    train.focus();
  });
  listenForFiles(session, archive, replacing);

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
  const table = createCurveTable(session);
  // While the GPU prepares itself nothing else shows that time passes.
  setInterval(() => session.preparing && setText(element("phase"), describePhase(session)), 1000);

  return {
    begin,
    render() {
      renderControls(session, archive);
      renderFigures(session);
      renderKept(session, archive);
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
  showPart("training");
  const place = element("training");
  if (place.getBoundingClientRect().top > innerHeight * 0.5) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    place.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }
}

/**
 * @param {Session} session
 * @param {Archive} archive
 * @param {(action: () => Promise<boolean>) => Promise<void>} replacing
 */
function listenForFiles(session, archive, replacing) {
  const chooser = input("checkpoint-file");
  onPress(button("save"), () => void archive.saveFile());
  onPress(button("load"), () => chooser.click());
  chooser.addEventListener("change", () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file && session.phase !== "running") void replacing(() => archive.loadFile(file));
  });
}

/**
 * @param {Session} session
 * @param {Archive} archive
 */
function renderControls(session, archive) {
  const { phase, run, desk, busy } = session;
  const up = phase !== "starting" && phase !== "dead";
  const idle = up && !session.active;
  const problem = desk.complaint || (session.followed ? texts.unusable.otherTab : texts.unusable.starting);
  const early = phase === "starting" && !session.followed;
  // Until then it can be pressed: early-train.js.
  if (!early) setUsable(button("train"), idle && desk.ready && !busy, session.active ? texts.unusable.running : problem);

  const whyNot = !run ? texts.unusable.notRunning : session.resumable ? texts.unusable.allDone : texts.unusable.otherText;
  const resumes = phase === "paused" || phase === "ended";
  setText(button("pause"), resumes ? texts.resume : texts.markup.pause);
  setUsable(button("pause"), phase === "running" || (resumes && session.canGoOn && !busy), whyNot);
  const first = phase === "ready" && desk.ready;
  setUsable(button("step"), !busy && (first || (resumes && session.canGoOn)), phase === "running" ? texts.unusable.noSteps : whyNot);
  setUsable(button("stop"), session.active || earlyTrain.wanted, texts.unusable.noRun);
  emphasise(phase === "running" || phase === "paused" ? "pause" : archive.kept || earlyTrain.wanted ? "" : "train");

  // The last state of a run outlives its engine.
  setUsable(button("save"), run !== null && (up || run.snapshot !== null), texts.unusable.noModel);
  setUsable(button("load"), up && phase !== "running", texts.unusable.running);
  setText(element("phase"), describePhase(session));
}

/** @param {string} id the one button that is the obvious next */
function emphasise(id) {
  for (const name of ["train", "pause"]) button(name).classList.toggle("primary", name === id);
}

/** Why a run ended, in words. @param {Pick<Run, "verdict">} run */
export function verdictOf({ verdict }) {
  return /** @type {Record<string, string>} */ (texts.verdicts)[verdict ?? ""] ?? texts.phases.ended;
}

/** @param {Session} session */
function describePhase({ phase, run, client, preparing, pace, followed }) {
  if (phase === "dead") return texts.phases.ended;
  if (followed) return texts.phases[followed === "dead" ? "ended" : followed];
  if (phase === "starting" && earlyTrain.wanted) return texts.trainsSoon;
  if (phase === "running" && run?.evaluating) return texts.evaluating(run.evaluating.done, run.evaluating.total);
  if (phase === "ended" && run?.verdict) return verdictOf(run);
  if (preparing && client) return texts.preparing(client.programs, pace.elapsed());
  if (phase === "running" && client) return texts.trainingOn(deviceNames[client.device]);
  return texts.phases[phase];
}

/** @param {Session} session */
function renderFigures({ run, pace, phase, followed }) {
  const write = (/** @type {string} */ id, /** @type {string | null} */ text) => setText(element(id), text ?? texts.none);
  const { train, validation, best, speed } = latest(run);
  write("figure-step", run && `${format.count(run.step)} / ${format.count(run.planned)}`);
  write("figure-train", train === null ? null : format.loss(train));
  write("figure-validation", validation === null ? null : format.loss(validation));
  write("figure-best", best === null ? null : format.loss(best));
  write("figure-speed", speed === null ? null : format.speed(speed));
  const left = run && (followed ?? phase) === "running" ? pace.secondsFor(run.planned - run.step) : null;
  write("figure-left", left === null ? null : format.duration(left));
  const progress = need("progress", HTMLProgressElement);
  progress.max = run?.planned || 1;
  progress.value = run?.step ?? 0;
}

/** @param {Session["run"]} run */
function latest(run) {
  const curve = run?.curve;
  const speed = curve?.speed.findLast((value) => value !== null) ?? null;
  return { train: curve?.loss ?? null, validation: curve?.validationLoss ?? null, best: curve?.best?.loss ?? null, speed };
}

/**
 * @param {Session} session
 * @param {Archive} archive
 */
function renderKept({ run, phase }, { kept }) {
  element("kept").hidden = !kept || phase === "starting";
  element("chart-empty").hidden = kept !== null || (run?.curve.length ?? 0) > 0 || phase === "starting" || run !== null;
  if (!kept) return;
  const { step, settings, loss, name, text, textName, verdict } = kept;
  const over = isOver(kept);
  const say = over ? texts.keptOver : texts.keptRun;
  setText(element("kept-text"), say({ step, planned: settings.steps, loss, name, text: nameOf({ ref: text, name: textName }) }));
  setText(button("continue"), over ? texts.runs.open : texts.markup.continue);
  button("train-on").hidden = !over || verdict === "not_finite";
}

/** Whether a kept run has come to its own end: there is nothing of it to continue. @param {Manifest} run */
const isOver = ({ phase, verdict }) => phase === "ended" && verdict !== null && verdict !== "stopped";

/** @param {Session} session */
function inWords({ run, learned, unit }) {
  if (!run) return texts.markup.noSteps;
  const { step, planned, growths, uniform, curve } = run;
  const { passed, finding } = learned;
  const parts = [texts.summary({ step, planned, growths, loss: curve.loss, validation: curve.validationLoss, best: curve.best, uniform })];
  if (passed) parts.push(texts.passed[unit][passed]);
  if (finding && copies(finding)) parts.push(texts.copying(shareOf(finding.shown.copied)));
  return parts.join(" ");
}
