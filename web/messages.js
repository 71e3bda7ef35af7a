/**
 * What the page says to a person, in one place (labels that never change are in index.html).
 * An error says what happened, where, and what to do.
 *
 * @import { DataInfo, DeviceKind, Growth, RunInfo, Stage } from "./engine-types.js"
 *
 * @typedef {{ what: string, remedy: string }} Complaint
 */

import { about, bytes, count, duration, loss, millions, percent, speed } from "./format.js";

/** The largest text the page takes, in bytes. */
export const TEXT_LIMIT = 100_000_000;

export const pastedName = "Pasted text";
export const sampleName = "Built-in sample";
export const shakespeareName = "Tiny Shakespeare";

/** @type {Record<DeviceKind, string>} */
export const deviceNames = { cpu: "CPU", webgpu: "WebGPU" };

/** The words of an error. Advice for the command line, in brackets, means nothing here. @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error)).replace(/ \(--[a-z-]+\)/g, "").replace(/\s+/g, " ").trim();

/** @param {string} text */
const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

// Text

/** @param {number} size @returns {Complaint} */
export const tooLarge = (size) => ({
  what: `Text not loaded: it has ${bytes(size)}, and the page takes up to ${bytes(TEXT_LIMIT)}.`,
  remedy: "Choose a smaller part of it, or train on it with the command-line program, which has no such limit.",
});

/** @returns {Complaint} */
export const emptyText = () => ({
  what: "Text not loaded: it is empty.",
  remedy: "Choose a file with some text in it; a few thousand characters are a start.",
});

/** @param {string} name @returns {Complaint} */
export const nothingReadable = (name) => ({
  what: `Text not loaded: “${name}” could not be read; it may be a folder, or have changed or gone since you chose it.`,
  remedy: "Choose the file again.",
});

/** @param {unknown} error @returns {Complaint} */
export const textRefused = (error) => ({
  what: `Text not loaded: ${sentence(messageOf(error))}`,
  remedy: "The earlier text is still in place.",
});

/** @param {unknown} error */
export const canBeReplaced = (error) => /not valid UTF-8/i.test(messageOf(error));
export const acceptAnyway = "Accept anyway (replace)";

/** @param {unknown} error */
export const notTrainable = (error) => `Training cannot start: ${sentence(messageOf(error))}`;

/** @param {number} done @param {number} total */
export const downloading = (done, total) => `Downloading Tiny Shakespeare: ${percent(Math.min(1, done / total))}`;

/** @param {unknown} error @returns {Complaint} */
export const downloadFailed = (error) => ({
  what: `Tiny Shakespeare not loaded: the download from raw.githubusercontent.com failed (${messageOf(error)}).`,
  remedy: "Check the connection and try again, or download the file yourself and choose it under “Text files”.",
});

export const readingText = "Reading the text…";

export const wrongSum = "what arrived is not the known file: its SHA-256 differs";

/** @param {DataInfo} info */
export const split = (info) =>
  `${count(info.train_tokens)} tokens to train on, ${count(info.val_tokens)} (${percent(info.val_fraction)}, the end of the text) to check with`;

// Settings

/** @param {number} parameters @param {number | null} seconds @param {string} device */
export const estimate = (parameters, seconds, device) =>
  `${millions(parameters)} parameters · ${seconds === null ? "measuring the speed…" : `${about(seconds)} on the ${device}`}`;

/** @param {unknown} error */
export const settingsRefused = (error) => sentence(messageOf(error));
export const lockedWhileRunning = "Stop the run to change its text or settings; the number of steps can change at any time.";
/** @param {number} began */
export const stepsOfGrown = (began) => `Steps counts all of them, the ${count(began)} before the model grew included.`;

// Device

/** @param {string} name @param {string} why */
export const device = (name, why) => (why ? `${name}; ${why}` : name);

export const why = {
  chosen: "as you chose",
  onlyCpu: "WebGPU is not offered here",
  measuring: "measuring WebGPU…",
  failed: "WebGPU failed",
  software: "the only WebGPU adapter here is a software one",
  /** @param {number} cpu @param {number} gpu */
  cpuFaster: (cpu, gpu) => `measured faster: ${speed(cpu)} tokens/s, WebGPU ${speed(gpu)}`,
  /** @param {number} cpu @param {number} gpu */
  gpuFaster: (cpu, gpu) => `measured faster: ${speed(gpu)} tokens/s, CPU ${speed(cpu)}`,
};

/** @param {string} reason @param {number | null} step @returns {Complaint} */
export const fellBack = (reason, step) => ({
  what: `WebGPU stopped working (${sentence(reason).slice(0, -1)}).`,
  remedy: step === null ? "The page goes on with the CPU." : `The run goes on with the CPU from step ${count(step)}.`,
});

/** @param {string} reason @param {number | null} step @returns {Complaint} */
export const restarted = (reason, step) => ({
  what: `The engine stopped (${sentence(reason).slice(0, -1)}).`,
  remedy: step === null ? "It was started afresh." : `It was started afresh from step ${count(step)}; press “Resume” to go on.`,
});

/** @param {string} reason @returns {Complaint} */
export const engineDead = (reason) => ({
  what: `The engine could not be started: ${sentence(reason)}`,
  remedy: "Reload the page. If it happens again, try a current Chrome, Edge, Firefox or Safari.",
});

// Run

export const phases = {
  starting: "Starting…",
  ready: "Ready",
  running: "Training",
  paused: "Paused",
  ended: "Ended",
};

/** @param {number} programs @param {number} seconds */
export const preparing = (programs, seconds) =>
  `Preparing the GPU before the first step: ${programs} ${programs === 1 ? "program" : "programs"} compiled, ${duration(seconds)}`;

/** @param {number} done @param {number} total */
export const evaluating = (done, total) => `Checking on the validation text, ${done} of ${total}`;

/** @type {Record<string, string>} */
export const verdicts = {
  stopped: "Stopped.",
  steps: "All planned steps are done.",
  plateau: "Ended early: the validation loss no longer falls.",
  not_finite: "Ended: the loss was no longer a number.",
  opened: "Opened for writing.",
};

/** @param {string} message @returns {Complaint} */
export const notFinite = (message) => ({ what: sentence(message), remedy: "You can let the kept state write, save it, or train anew with other settings." });

/** @param {number} value @param {number} uniform a comparison that means something without knowing what a nat is */
export function judge(value, uniform) {
  const better = Math.exp(uniform - value);
  return better < 1.05 ? "no better than guessing yet" : `${better < 10 ? better.toFixed(1) : count(better)} times better than guessing`;
}

/** @param {{ step: number, planned: number, growths: Growth[], loss: number | null, validation: number | null, best: { step: number, loss: number } | null, uniform: number }} at */
export function summary({ step, planned, growths, loss: train, validation, best, uniform }) {
  if (train === null) return `No steps yet; guessing uniformly would give a loss of ${loss(uniform)}.`;
  const parts = [`Step ${count(step)} of ${count(planned)}: train loss ${loss(train)}`];
  if (validation !== null) parts.push(`validation loss ${loss(validation)}`);
  if (best) parts.push(`best ${loss(best.loss)} at step ${count(best.step)}`);
  parts.push(`guessing uniformly ${loss(uniform)}`);
  return `${parts.join(", ")} (${judge(validation ?? train, uniform)}).${growths.map(grewAt).join("")}`;
}

/** @param {unknown} error @returns {Complaint} */
export const trainingFailed = (error) => ({
  what: `Training stopped: ${sentence(messageOf(error))}`,
  remedy: "Press “Resume” to try again from the last state, or stop and change the settings.",
});

// Growth

/** @param {Stage} stage */
export const growTo = (stage) => `Grow to ${stage}`;
export const grewMark = "grew";

/** @param {Growth} growth */
const grewAt = ({ step, parameters }) => ` The model grew after step ${count(step)}, from ${millions(parameters)} parameters.`;

/** @param {Growth} growth */
export const grewRow = ({ parameters }) => `The model grew here, from ${millions(parameters)} parameters`;

/** @param {number} parameters of the larger model */
export const growHint = (parameters) =>
  `The larger model (${millions(parameters)} parameters) begins with exactly what this one knows, and learns on from there with more room.`;

/** @param {number} step */
export const growQuestion = (step) =>
  `The larger model begins with exactly what this one knows, and its curve goes on from step ${count(step)}. It takes the place of this one: save this one first to keep both. A grown model wants a lower learning rate than a new one.`;

/** @param {{ stage: Stage | null, step: number, parameters: number }} model @returns {Complaint} */
export const grown = ({ stage, step, parameters }) => ({
  what: `The model grew to ${stage ?? "a larger size"} (${millions(parameters)} parameters) and knows what it knew at step ${count(step)}.`,
  remedy: "Press “Resume” to train it on.",
});

/** @param {unknown} error @returns {Complaint} */
export const growthFailed = (error) => ({
  what: `The model did not grow: ${sentence(messageOf(error))}`,
  remedy: "It is as it was; press “Resume” to train it on.",
});

/** @param {string} action @param {unknown} error @returns {Complaint} */
export const failedTo = (action, error) => ({ what: `${action} failed: ${sentence(messageOf(error))}`, remedy: "" });

/** @param {number} step @param {number | null} value */
export const replaceQuestion = (step, value) =>
  `The page holds one run at a time. The present one (step ${count(step)}${value === null ? "" : `, loss ${loss(value)}`}) will be gone.`;

// Kept work

/** @param {{ step: number, loss: number | null, name: string, settings: { steps: number } }} run */
export const keptRun = (run) =>
  `A run is kept here: step ${count(run.step)} of ${count(run.settings.steps)}${run.loss === null ? "" : `, loss ${loss(run.loss)}`}, on “${run.name}”.`;

/** @param {number} step @returns {Complaint} */
export const olderState = (step) => ({
  what: `The newest kept state was damaged.`,
  remedy: `The run continues from the one before it, of step ${count(step)}.`,
});

/** @param {unknown} error @returns {Complaint} */
export const keptUnreadable = (error) => ({
  what: `The kept run could not be opened: ${sentence(messageOf(error))}`,
  remedy: "“Discard” removes it; a checkpoint that you saved to a file can be loaded instead.",
});

/** @param {unknown} error @returns {Complaint} */
export const notKept = (error) => ({
  what: `The run could not be kept in this browser: ${sentence(messageOf(error))}`,
  remedy: "Training goes on. Free some disk space, or save the checkpoint to a file before you leave.",
});

/** @returns {Complaint} */
export const memoryOnly = () => ({
  what: "This browser lets the page keep nothing (a private window, or site data is blocked).",
  remedy: "Everything works, but save the checkpoint to a file before you leave.",
});

/** @returns {Complaint} */
export const otherTab = () => ({
  what: "The page is open in another tab, which keeps its run in this browser.",
  remedy: "Everything works here too, but save the checkpoint to a file before you leave this tab.",
});

// Files

/** @param {unknown} error @param {string} name @returns {Complaint} */
export const checkpointRefused = (error, name) => ({
  what: `“${name}” was not opened: ${sentence(messageOf(error))}`,
  remedy: "Choose a .safetensors file that this page or the mmrec program saved.",
});

/** @param {string} file @param {RunInfo} info @returns {Complaint} */
export const loadedToTrain = (file, info) => ({
  what: `“${file}” is at step ${count(info.step)} and was trained on the present text.`,
  remedy: "Press “Resume” to train on, or let it write.",
});

/** @param {string} file @param {RunInfo} info @returns {Complaint} */
export const loadedToWrite = (file, info) => ({
  what: `“${file}” was trained on another text${info.data_name ? ` (“${info.data_name}”)` : ""}, so it is open for writing only.`,
  remedy: "To train it further, load its text first and then the checkpoint again.",
});

// Buttons that cannot be used now say why

export const unusable = {
  starting: "The engine is still loading",
  running: "A run is under way",
  notRunning: "No run to pause",
  noRun: "Nothing to stop",
  noModel: "Train or load a model first",
  allDone: "All planned steps are done; raise “Steps” to go on",
  otherText: "This model was trained on another text",
  noSteps: "Not while the run goes on by itself",
  pauseFirst: "Pause the run first",
  untrained: "Train the model a little first",
};

// Figures

/** @param {number} step */
export const sampleLabel = (step) => `Step ${count(step)}`;
export const none = "–";
