/**
 * The page in English; its shape is what every other language has. An error says what happened, where, and what to do. What the
 * engine says of an error stays in English, inside these sentences.
 *
 * @import { Complaint } from "../errors.js"
 * @import { DataInfo, Growth, RunInfo, Stage } from "../engine-types.js"
 *
 * @typedef {typeof en} Texts
 */

import { clauseOf, messageOf, sentenceOf } from "../errors.js";
import { about, bytes, count, duration, fixed, loss, millions, percent, speed } from "../format.js";

export const en = {
  locale: "en",

  /** What index.html says, there as well as here: a test compares the two. */
  markup: {
    title: "MM-Rec: train a small language model on your own text",
    description: "Train a small language model on your own text, right in the browser. Nothing leaves your machine.",
    skip: "Skip to training",
    tagline: "Train a small language model on your own text, right here in the browser. Nothing leaves your machine.",
    device: "Device",
    automatic: "Automatic",
    language: "Language",
    loadingEngine: "Loading the engine…",

    text: "Text",
    files: "Text files",
    paste: "Paste",
    sample: "Sample",
    size: "Size",
    characters: "Characters",
    vocabulary: "Vocabulary",
    preview: "Preview of the text",
    pasteHeading: "Paste a text",
    useText: "Use this text",
    drop: "Drop your text files anywhere",

    settings: "Settings",
    model: "Model",
    steps: "Steps",
    learningRate: "Learning rate",
    context: "Context",
    batch: "Batch",
    tokenizer: "Tokenizer",
    byCharacter: "Characters",
    byByte: "Bytes",
    seed: "Seed",
    moreSettings: "More settings",
    dropout: "Dropout",
    warmup: "Warm-up steps",
    checkEvery: "Check every",
    checkEveryLabel: "Check every so many steps",
    recompute: "Less memory, a third slower",

    training: "Training",
    controls: "Training controls",
    train: "Train",
    pause: "Pause",
    oneStep: "Step",
    stop: "Stop",
    loading: "Loading…",
    progress: "Steps done",
    step: "Step",
    trainLoss: "Train loss",
    validation: "Validation",
    validationLoss: "Validation loss",
    best: "Best",
    speed: "Tokens/s",
    timeLeft: "Time left",

    loss: "Loss",
    keyTrain: "train",
    keyValidation: "validation",
    keyUniform: "uniform guess",
    lossChart: "Loss over steps",
    tokensPerSecond: "Tokens per second",
    learningRateChart: "Learning rate over steps",
    speedChart: "Tokens per second over steps",
    chartEmpty: "Press “Train”: the first loss appears within seconds.",
    noSteps: "No steps yet.",
    numbers: "Numbers",
    curveTable: "Table of the curve",

    kept: "Kept run",
    continue: "Continue",
    discard: "Discard",
    save: "Save checkpoint",
    load: "Load checkpoint",
    checkpointFile: "Checkpoint file",
    oneFile: "One file for this page and the command line.",
    replaceHeading: "Replace the run?",
    replace: "Replace",
    saveFirst: "Save checkpoint first",
    cancel: "Cancel",
    grow: "Grow",
    moreSteps: "More steps",

    write: "Write",
    prompt: "Prompt",
    generate: "Generate",
    stopWriting: "Stop writing",
    copy: "Copy",
    howItWrites: "How it writes",
    length: "Length",
    temperature: "Temperature",
    topK: "Top-k",
    topP: "Top-p",
    seedForWriting: "Seed for writing",
    topHint: "Top-k 0 and top-p 1 switch these off.",
    written: "Written text",
    writtenEmpty: "What the model writes appears here.",

    samples: "Samples along the way",
    samplePrompt: "Prompt of the samples",
    sampleEvery: "Every",
    sampleEverySteps: "steps",
    sampleEveryLabel: "Sample every so many steps, 0 for never",
    sampleList: "Samples",
    sampleEmpty: "The model writes a few lines every so many steps, so that you can watch it learn.",

    inside: "Look inside",
    insideHint: "What it expected, what it remembers, where it looks: token by token",
  },

  // Numbers

  none: "–",
  notANumber: "not a number",
  units: {
    /** @param {string} value */
    million: (value) => `${value} M`,
    /** @param {string} value */
    billion: (value) => `${value} B`,
    /** @param {string} value */
    percent: (value) => `${value} %`,
    /** @param {string} value */
    bytes: (value) => `${value} bytes`,
    second: "s",
    minute: "min",
    hour: "h",
    days: "days",
  },
  about: {
    few: "a few seconds",
    /** @param {number} value */
    inSeconds: (value) => `about ${value} seconds`,
    /** @param {number} value */
    inMinutes: (value) => (value === 1 ? "about a minute" : `about ${value} minutes`),
    /** @param {string} value */
    inHours: (value) => `about ${value} hours`,
    /** @param {string} value */
    inDays: (value) => `about ${value} days`,
  },

  // The browser

  missing: {
    wasm: "This browser has no WebAssembly, which does the training. Use a current Chrome, Edge, Firefox or Safari.",
    simd: "This browser’s WebAssembly has no SIMD, which training needs. Use a current Chrome, Edge, Firefox or Safari (16.4 or newer).",
    secure: "Open this page over https (or from localhost): browsers lock away what it needs on other addresses.",
  },

  /** @returns {Complaint} */
  languageFailed: () => ({ what: "The other language could not be loaded.", remedy: "Check the connection and choose it again." }),
  dismiss: "Dismiss",

  // Text

  pastedName: "Pasted text",
  sampleName: "Built-in sample",

  /** @param {string} first @param {number} others */
  severalFiles: (first, others) => `${first} and ${others} more`,

  /** @param {number} size @param {number} limit @returns {Complaint} */
  tooLarge: (size, limit) => ({
    what: `Text not loaded: it has ${bytes(size)}, and the page takes up to ${bytes(limit)}.`,
    remedy: "Choose a smaller part of it, or train on it with the command-line program, which has no such limit.",
  }),

  /** @returns {Complaint} */
  emptyText: () => ({
    what: "Text not loaded: it is empty.",
    remedy: "Choose a file with some text in it; a few thousand characters are a start.",
  }),

  /** @param {unknown} error @returns {Complaint} */
  textRefused: (error) => ({
    what: `Text not loaded: ${sentenceOf(error)}`,
    remedy: "The earlier text is still in place.",
  }),
  acceptAnyway: "Accept anyway (replace)",

  /** @param {unknown} error */
  notTrainable: (error) => `Training cannot start: ${sentenceOf(error)}`,

  /** @param {number} done @param {number} total */
  downloading: (done, total) => `Downloading Tiny Shakespeare: ${percent(Math.min(1, done / total))}`,

  /** @param {unknown} error @returns {Complaint} */
  downloadFailed: (error) => ({
    what: `Tiny Shakespeare not loaded: the download from raw.githubusercontent.com failed (${messageOf(error)}).`,
    remedy: "Check the connection and try again, or download the file yourself and choose it under “Text files”.",
  }),
  wrongSum: "what arrived is not the known file: its SHA-256 differs",
  /** @param {number} status */
  serverAnswered: (status) => `the server answered ${status}`,

  readingText: "Reading the text…",

  /** @param {DataInfo} info */
  split: (info) =>
    `${count(info.train_tokens)} tokens to train on, ${count(info.val_tokens)} (${percent(info.val_fraction)}, the end of the text) to check with`,

  // Settings

  /** @param {number} parameters @param {number | null} seconds @param {string} device */
  estimate: (parameters, seconds, device) =>
    `${millions(parameters)} parameters · ${seconds === null ? "measuring the speed…" : `${about(seconds)} on the ${device}`}`,

  /** @param {unknown} error */
  settingsRefused: (error) => sentenceOf(error),
  lockedWhileRunning: "Stop the run to change its text or settings; the number of steps can change at any time.",
  /** @param {number} began */
  stepsOfGrown: (began) => `Steps counts all of them, the ${count(began)} before the model grew included.`,

  // Device

  /** @param {string} name @param {string} why */
  device: (name, why) => (why ? `${name}; ${why}` : name),

  /** Why this device was taken. */
  why: {
    chosen: () => "as you chose",
    onlyCpu: () => "WebGPU is not offered here",
    measuring: () => "measuring WebGPU…",
    failed: () => "WebGPU failed",
    software: () => "the only WebGPU adapter here is a software one",
    /** @param {{ cpu: number, gpu: number }} speeds */
    cpuFaster: ({ cpu, gpu }) => `measured faster: ${speed(cpu)} tokens/s, WebGPU ${speed(gpu)}`,
    /** @param {{ cpu: number, gpu: number }} speeds */
    gpuFaster: ({ cpu, gpu }) => `measured faster: ${speed(gpu)} tokens/s, CPU ${speed(cpu)}`,
  },

  /** @param {string} reason @param {number | null} step @returns {Complaint} */
  fellBack: (reason, step) => ({
    what: `WebGPU stopped working (${clauseOf(reason)}).`,
    remedy: step === null ? "The page goes on with the CPU." : `The run goes on with the CPU from step ${count(step)}.`,
  }),

  /** @param {string} reason @param {number | null} step @returns {Complaint} */
  restarted: (reason, step) => ({
    what: `The engine stopped (${clauseOf(reason)}).`,
    remedy: step === null ? "It was started afresh." : `It was started afresh from step ${count(step)}; press “Resume” to go on.`,
  }),

  /** @param {unknown} error @returns {Complaint} */
  engineDead: (error) => ({
    what: `The engine could not be started: ${sentenceOf(error)}`,
    remedy: "Reload the page. If it happens again, try a current Chrome, Edge, Firefox or Safari.",
  }),

  /** What can happen to the engine's worker. */
  worker: {
    garbled: "a message of the worker could not be read",
    notLoaded: "the worker could not be loaded",
    /** @param {number} seconds */
    silent: (seconds) => `no sign of life for ${seconds} seconds`,
  },

  // Run

  resume: "Resume",
  phases: {
    starting: "Starting…",
    ready: "Ready",
    running: "Training",
    paused: "Paused",
    ended: "Ended",
  },
  /** @param {string} device */
  trainingOn: (device) => `Training on the ${device}`,

  /** @param {number} programs @param {number} seconds */
  preparing: (programs, seconds) =>
    `Preparing the GPU before the first step: ${programs} ${programs === 1 ? "program" : "programs"} compiled, ${duration(seconds)}`,

  /** @param {number} done @param {number} total */
  evaluating: (done, total) => `Checking on the validation text, ${done} of ${total}`,

  verdicts: {
    stopped: "Stopped.",
    steps: "All planned steps are done.",
    plateau: "Ended early: the validation loss no longer falls.",
    not_finite: "Ended: the loss was no longer a number.",
    opened: "Opened for writing.",
  },

  /** @param {string} message @returns {Complaint} */
  notFinite: (message) => ({ what: sentenceOf(message), remedy: "You can let the kept state write, save it, or train anew with other settings." }),

  /** @param {{ step: number, planned: number, growths: Growth[], loss: number | null, validation: number | null, best: { step: number, loss: number } | null, uniform: number }} at */
  summary({ step, planned, growths, loss: train, validation, best, uniform }) {
    if (train === null) return `No steps yet; guessing uniformly would give a loss of ${loss(uniform)}.`;
    const parts = [`Step ${count(step)} of ${count(planned)}: train loss ${loss(train)}`];
    if (validation !== null) parts.push(`validation loss ${loss(validation)}`);
    if (best) parts.push(`best ${loss(best.loss)} at step ${count(best.step)}`);
    parts.push(`guessing uniformly ${loss(uniform)}`);
    const grew = growths.map((growth) => ` The model grew after step ${count(growth.step)}, from ${millions(growth.parameters)} parameters.`);
    return `${parts.join(", ")} (${judge(validation ?? train, uniform)}).${grew.join("")}`;
  },

  /** @param {unknown} error @returns {Complaint} */
  trainingFailed: (error) => ({
    what: `Training stopped: ${sentenceOf(error)}`,
    remedy: "Press “Resume” to try again from the last state, or stop and change the settings.",
  }),

  /** Actions that did not go well. */
  failed: {
    /** @param {unknown} error @returns {Complaint} */
    saving: (error) => ({ what: `Saving the checkpoint failed: ${sentenceOf(error)}`, remedy: "" }),
    /** @param {unknown} error @returns {Complaint} */
    writing: (error) => ({ what: `Writing failed: ${sentenceOf(error)}`, remedy: "" }),
    /** @param {unknown} error @returns {Complaint} */
    settings: (error) => ({ what: `Changing the settings failed: ${sentenceOf(error)}`, remedy: "" }),
    /** @param {unknown} error @returns {Complaint} */
    samples: (error) => ({ what: `Changing the samples failed: ${sentenceOf(error)}`, remedy: "" }),
    /** @param {string} device @param {unknown} error @returns {Complaint} */
    device: (device, error) => ({ what: `Changing to ${device} failed: ${sentenceOf(error)}`, remedy: "" }),
  },

  /** @param {number} step @param {number | null} value */
  replaceQuestion: (step, value) =>
    `The page holds one run at a time. The present one (step ${count(step)}${value === null ? "" : `, loss ${loss(value)}`}) will be gone.`,

  // Charts

  /** @param {number} step */
  atStep: (step) => `step ${count(step)}`,
  /** What the values under the pointer are. */
  readings: { train: "train", validation: "validation" },
  grewMark: "grew",
  /** @param {Growth} growth */
  grewRow: ({ parameters }) => `The model grew here, from ${millions(parameters)} parameters`,
  /** @param {number} step */
  sampleLabel: (step) => `Step ${count(step)}`,

  // Growth

  /** @param {Stage} stage */
  growTo: (stage) => `Grow to ${stage}`,

  /** @param {number} parameters of the larger model */
  growHint: (parameters) =>
    `The larger model (${millions(parameters)} parameters) begins with exactly what this one knows, and learns on from there with more room.`,

  /** @param {number} step */
  growQuestion: (step) =>
    `The larger model begins with exactly what this one knows, and its curve goes on from step ${count(step)}. It takes the place of this one: save this one first to keep both. A grown model wants a lower learning rate than a new one.`,

  /** @param {{ stage: Stage | null, step: number, parameters: number }} model @returns {Complaint} */
  grown: ({ stage, step, parameters }) => ({
    what: `The model grew to ${stage ?? "a larger size"} (${millions(parameters)} parameters) and knows what it knew at step ${count(step)}.`,
    remedy: "Press “Resume” to train it on.",
  }),

  /** @param {unknown} error @returns {Complaint} */
  growthFailed: (error) => ({
    what: `The model did not grow: ${sentenceOf(error)}`,
    remedy: "It is as it was; press “Resume” to train it on.",
  }),

  insideFailed: "“Look inside” could not be loaded. Check the connection and reload the page.",

  // Kept work

  /** @param {{ step: number, planned: number, loss: number | null, name: string }} run */
  keptRun: (run) => `A run is kept here: step ${count(run.step)} of ${count(run.planned)}${run.loss === null ? "" : `, loss ${loss(run.loss)}`}, on “${run.name}”.`,

  /** @param {number} step @returns {Complaint} */
  olderState: (step) => ({
    what: "The newest kept state was damaged.",
    remedy: `The run continues from the one before it, of step ${count(step)}.`,
  }),

  /** @param {unknown} error @returns {Complaint} */
  keptUnreadable: (error) => ({
    what: `The kept run could not be opened: ${sentenceOf(error)}`,
    remedy: "“Discard” removes it; a checkpoint that you saved to a file can be loaded instead.",
  }),
  keptTextGone: "its text is no longer there",
  keptStateGone: "its state is no longer there",

  /** @param {unknown} error @returns {Complaint} */
  notKept: (error) => ({
    what: `The run could not be kept in this browser: ${sentenceOf(error)}`,
    remedy: "Training goes on. Free some disk space, or save the checkpoint to a file before you leave.",
  }),

  /** @returns {Complaint} */
  memoryOnly: () => ({
    what: "This browser lets the page keep nothing (a private window, or site data is blocked).",
    remedy: "Everything works, but save the checkpoint to a file before you leave.",
  }),

  /** @returns {Complaint} */
  otherTab: () => ({
    what: "The page is open in another tab, which keeps its run in this browser.",
    remedy: "Everything works here too, but save the checkpoint to a file before you leave this tab.",
  }),

  // Files

  /** @param {unknown} error @param {string} name @returns {Complaint} */
  checkpointRefused: (error, name) => ({
    what: `“${name}” was not opened: ${sentenceOf(error)}`,
    remedy: "Choose a .safetensors file that this page or the mmrec program saved.",
  }),

  /** @param {string} file @param {RunInfo} info @returns {Complaint} */
  loadedToTrain: (file, info) => ({
    what: `“${file}” is at step ${count(info.step)} and was trained on the present text.`,
    remedy: "Press “Resume” to train on, or let it write.",
  }),

  /** @param {string} file @param {RunInfo} info @returns {Complaint} */
  loadedToWrite: (file, info) => ({
    what: `“${file}” was trained on another text${info.data_name ? ` (“${info.data_name}”)` : ""}, so it is open for writing only.`,
    remedy: "To train it further, load its text first and then the checkpoint again.",
  }),

  /** Buttons that cannot be used now say why. */
  unusable: {
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
  },
};

/**
 * A comparison that means something without knowing what a nat is.
 * @param {number} value
 * @param {number} uniform
 */
function judge(value, uniform) {
  const better = Math.exp(uniform - value);
  return better < 1.05 ? "no better than guessing yet" : `${better < 10 ? fixed(better, 1) : count(better)} times better than guessing`;
}
