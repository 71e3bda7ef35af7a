/**
 * The page in English; its shape is what every other language has. An error says what happened, where, and what to do. What the
 * engine says of an error stays in English, inside these sentences.
 *
 * @import { Axis } from "../../charts/x-axis.js"
 * @import { DataInfo, FileInfo, Growth, RunInfo, Share, Stage, Unknown } from "../../engine/engine-types.js"
 * @import { Choice } from "../../panels/settings/advice.js"
 * @import { Complaint } from "../../platform/errors.js"
 * @import { Finding } from "../../state/insights.js"
 *
 * @typedef {typeof page} Texts
 */

import { clauseOf, messageOf, sentenceOf } from "../../platform/errors.js";
import { about, brief, bytes, clock, compact, count, duration, fixed, isolated, listOf, loss, millions, percent, power, quoted, rate, speed, sumOf, visible } from "../format.js";

export const page = {
  locale: "en",

  /** What index.html says, there as well as here: a test compares the two. */
  markup: {
    title: "MM-Rec: train a small language model on your own text",
    description: "Train a small language model on your own text, right in the browser. Nothing leaves your machine.",
    skip: "Skip to training",
    parts: "Parts of the page",
    tagline: "Train a small language model on your own text, right here in the browser. Nothing leaves your machine.",
    device: "Device",
    automatic: "Automatic",
    language: "Language",
    loadingEngine: "Loading the engine…",

    text: "Text",
    files: "Text files",
    folder: "Folder",
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
    byPiece: "Word pieces",
    vocabularySize: "Vocabulary",
    unitTokens: "tokens",
    unitPassages: "passages",
    unitSteps: "steps",
    seed: "Seed",
    moreSettings: "More settings",
    dropout: "Dropout",
    warmup: "Warm-up steps",
    checkEvery: "Check every",
    checkEveryLabel: "Check every so many steps",
    recompute: "Less memory, a third slower",
    gpt: "A GPT of this size, to compare",
    gptHint: "It has no memory: each token attends to the whole context. Train both on one text, and lay the runs over each other.",
    presets: "Ready-made settings",
    findRate: "Find a learning rate",

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
    whileTraining: "While it trains",
    keepAwake: "Keep the screen on",
    tellMe: "Tell me when it is over",
    takeOver: "Take over here",

    loss: "Loss",
    keyTrain: "train",
    keyValidation: "validation",
    keyUniform: "uniform guess",
    lossChart: "Loss over steps",
    tokensPerSecond: "Tokens per second",
    learningRateChart: "Learning rate over steps",
    speedChart: "Tokens per second over steps",
    gradNorm: "Gradient norm",
    gradNormChart: "Gradient norm over steps",
    chartEmpty: "Press “Train”: the first loss appears within seconds.",
    noSteps: "No steps yet.",
    showLevels: "Lines: how far counting alone gets",
    takeBest: "Stop and take the best step",
    raiseDropout: "Dropout 0.2 for the next run",
    leaveAsIs: "Leave it as it is",
    numbers: "Numbers",
    curveTable: "Table of the curve",
    saveChart: "Save this chart",
    compared: "Runs in the charts",
    compareBy: "Compare by",
    bySteps: "Steps",
    byTokens: "Tokens",
    byTime: "Training time",
    byWork: "FLOPs",

    kept: "Kept run",
    continue: "Continue",
    trainOn: "Train on",
    notNow: "Not now",
    save: "Save checkpoint",
    load: "Load checkpoint",
    checkpointFile: "Checkpoint file",
    oneFile: "One file for this page and the command line.",
    share: "Share",
    replaceHeading: "Replace the run?",
    replace: "Replace",
    saveFirst: "Save checkpoint first",
    cancel: "Cancel",
    grow: "Grow",
    moreSteps: "More steps",

    runs: "Runs",
    searchRuns: "Search the runs",
    exportAll: "Export all",
    importRuns: "Import",
    runsFile: "File with runs",
    makeRoom: "Make room",
    runsEmpty: "Every run that you train is kept here, to be continued or compared.",
    keepForGood: "Keep for good",
    roomText: "Without its states a run cannot be continued, opened for writing, or exported with its model. Its curve, its settings and its samples stay.",
    removeStates: "Remove states",
    deleteRuns: "Delete",

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
    learnedStages: "What it has learned",
    evidence: "Evidence",
    sampleEmpty: "The model writes a few lines every so many steps, so that you can watch it learn.",

    shortcuts: "Keyboard shortcuts",
    pauseOrResume: "Pause or resume",
    thisList: "This list",
    shortcutsOn: "These keys work, except while you type",
    close: "Close",

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
    bytes: (value) => (value === "1" ? "1 byte" : `${value} bytes`),
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
    inHours: (value) => (value === "1" ? "about an hour" : `about ${value} hours`),
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
  /** @param {unknown} error @returns {Complaint} */
  notLoaded: (error) => ({ what: `A part of the page could not be loaded: ${sentenceOf(error)}`, remedy: "Check the connection, then try again or reload the page." }),
  dismiss: "Dismiss",

  // Text

  pastedName: "Pasted text",
  sampleName: "Built-in sample",

  /** @param {string} first @param {number} others */
  severalFiles: (first, others) => `${first} and ${count(others)} more`,
  /** @param {string} folder @param {number} files */
  wholeFolder: (folder, files) => `${folder} (${count(files)} files)`,

  /** @param {string} name @param {number} size @param {number} limit @returns {Complaint} */
  tooLarge: (name, size, limit) => ({
    what: `${quoted(name)} was not loaded: it has ${bytes(size)}, and the page takes up to ${bytes(limit)}.`,
    remedy: "Choose a smaller part of it, or train on it with the command-line program, which has no such limit.",
  }),

  /** @param {string} name @returns {Complaint} */
  emptyText: (name) => ({
    what: name ? `${quoted(name)} was not loaded: it is empty.` : "Text not loaded: it is empty.",
    remedy: "Choose a file with some text in it; a few thousand characters are a start.",
  }),

  /** @param {number} most @returns {Complaint} */
  tooManyFiles: (most) => ({
    what: `Nothing was loaded: there are more than ${count(most)} files.`,
    remedy: "Choose a folder within it, or train on it with the command-line program, which has no such limit.",
  }),

  /** Why a file among others is left out. */
  mediaFile: "by its name it is a picture, a sound, a film, a font or a packed file, and no text",
  repeatedFile: "a file before it has the same text",
  hiddenFile: "its name begins with a dot, as those of system files do",
  /** @param {number} size */
  fileTooLarge: (size) => `it has ${bytes(size)}, which is more than the page takes`,
  /** @param {unknown} error */
  notReadable: (error) => `it could not be read (${messageOf(error)})`,
  /** @param {{ name: string, why: string }[]} left @returns {Complaint} */
  filesLeftOut: (left) => ({
    what: `${left.length === 1 ? "One file was" : `${count(left.length)} files were`} left out: ${someOf(left.map(({ name }) => name))}.`,
    remedy: left.length === 1 ? `Why: ${sentenceOf(left[0]?.why)}` : `Why the first one: ${sentenceOf(left[0]?.why)}`,
  }),
  /** @param {{ name: string, why: string }[]} left @returns {Complaint} */
  noTextIn: (left) =>
    left.length === 0
      ? { what: "Nothing was loaded: there is no file in it.", remedy: "Choose a folder with text files in it." }
      : { what: `No text was found; left out: ${someOf(left.map(({ name }) => name))}.`, remedy: `Why the first one: ${sentenceOf(left[0]?.why)}` },

  /** @param {FileInfo[]} files that are not what a text usually is */
  fileNotes(files) {
    const kinds = { html: "HTML", xml: "XML", json: "JSON", jsonlines: "JSON lines", table: "a table", subtitles: "subtitles", mail: "mail" };
    const wide = files.filter(({ encoding }) => encoding !== "utf-8");
    const replaced = files.reduce((sum, file) => sum + file.replaced, 0);
    const parts = [];
    if (wide.length > 0) parts.push(`Read as UTF-16: ${namesOf(wide)}.`);
    if (replaced > 0) parts.push(`${many(replaced, "character", "characters")} could not be read and became “\uFFFD”: ${namesOf(files.filter((file) => file.replaced > 0))}.`);
    for (const [kind, name] of Object.entries(kinds)) {
      const such = files.filter(({ document }) => document === kind);
      if (such.length > 0) parts.push(`Not plain text but ${name}, whose signs the model learns as well: ${namesOf(such)}.`);
    }
    return parts.join(" ");
  },

  /** @returns {Complaint} */
  textWhileRunning: () => ({
    what: "The text was not taken, since a run is under way.",
    remedy: "A run keeps its text. Stop it to train on another one; it stays in the list of runs.",
  }),
  stopAndUse: "Stop the run and take the text",
  /** @returns {Complaint} */
  textElsewhere: () => ({
    what: "The text was not taken: another tab of this page is at work.",
    remedy: "Press “Take over here” first, or choose the text there.",
  }),
  /** @returns {Complaint} */
  textWithoutEngine: () => ({ what: "The text was not taken: the engine has stopped.", remedy: "Reload the page, then choose the text again." }),
  textWaits: "The text is read as soon as the engine is loaded.",

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
    `${many(info.train_tokens, "token", "tokens")} to train on, ${count(info.val_tokens)} (${percent(info.val_fraction)}, the end of the text) to check with`,

  /** @param {number} characters of one token, on average */
  tokensSummary: (characters) => `Its tokens: 1 token = ${fixed(characters, 1)} characters`,
  /** @param {string[]} tokens */
  tokensSpoken: (tokens) => `The text begins with ${tokens.length === 1 ? "this token" : `these ${count(tokens.length)} tokens`}: ${tokens.map((token) => `“${token}”`).join(", ")}.`,
  /** @param {number} share */
  makingTokens: (share) => `Learning word pieces from the text: ${percent(share)}`,

  // Settings

  /** @param {number} parameters @param {number | null} seconds @param {string} device */
  estimate: (parameters, seconds, device) =>
    `${millions(parameters)} parameters · ${seconds === null ? "measuring the speed…" : `${about(seconds)} on the ${device}`}`,

  /** @param {unknown} error */
  settingsRefused: (error) => sentenceOf(error),
  /** @param {number} needed @param {number} limit bytes */
  lacksMemory: (needed, limit) =>
    `Training would need about ${bytes(needed)} of memory, and the page can have ${bytes(limit)} here. Take a smaller batch, context or model.`,
  lockedWhileRunning: "Stop the run to change its text or settings; the number of steps can change at any time.",
  /** @param {number} began */
  stepsOfGrown: (began) => `Steps counts all of them, the ${count(began)} before the model grew included.`,

  advice: {
    memory: () => "This would fit:",
    /** @param {number} longest */
    short: (longest) => `The text has room for a context of up to ${many(longest, "token", "tokens")}.`,
    /** @param {number} seconds */
    long: (seconds) => `This takes ${about(seconds)}. Shorter:`,
    /** @param {number} passes */
    passes: (passes) => `The model would see the text ${count(passes)} times and learn it by heart. Better:`,
    /** @param {Choice} choice */
    choice({ change: { stage, steps, batch, context, dropout, recompute }, seconds, memory }) {
      const takes = seconds !== undefined ? ` (${about(seconds)})` : memory !== undefined ? ` (${bytes(memory)})` : "";
      if (stage) return `Model ${stage}${takes}`;
      if (recompute) return `Less memory, a third slower${takes}`;
      if (steps) return `${many(steps, "step", "steps")}${takes}`;
      if (batch) return `Batch ${count(batch)}${takes}`;
      return context ? `Context ${count(context)}${takes}` : `Dropout ${brief(dropout ?? 0)}`;
    },
  },

  presets: {
    names: { quick: "A quick look", good: "A good tiny model", small: "The best of a small text" },
    measuring: "The speed is still being measured",
    /** @param {"quick" | "good" | "small"} purpose @param {number | null} steps @param {number | null} seconds */
    hint(purpose, steps, seconds) {
      const what = {
        quick: "The smallest model, for as many steps as a minute has room for.",
        good: "The smallest model, long enough for words and sentences; wants a text of 500 KB or more.",
        small: "A larger model with dropout, so that it does not learn a short text by heart.",
      };
      const takes = steps === null ? "" : ` ${many(steps, "step", "steps")}${seconds === null ? "" : `, ${about(seconds)}`}.`;
      return what[purpose] + takes;
    },
  },

  rate: {
    intro: "A fresh model with these settings takes up to a hundred steps, each at a higher rate, until its loss breaks away. Your run stays as it is.",
    begin: "Try rates",
    again: "Try again",
    stop: "Stop trying",
    chart: "Loss by learning rate",
    /** @param {number} done @param {number} total @param {number | null} last */
    trying: (done, total, last) => (last === null ? "Making a fresh model…" : `${count(done)} of at most ${count(total)} rates tried, the last one ${rate(last)}.`),
    stopped: "Stopped before the end: there is nothing to suggest.",
    none: "The loss did not fall at any rate, so there is nothing to suggest. More text or a larger batch may help.",
    /** @param {{ first: number, lowest: { rate: number, loss: number }, broke: number | null, suggestion: number }} found */
    result: ({ first, lowest, broke, suggestion }) =>
      `The loss fell from ${loss(first)} to ${loss(lowest.loss)} at a rate of ${rate(lowest.rate)}${broke === null ? "" : `, and was worse than at the beginning from ${rate(broke)} on`}. Suggested: ${rate(suggestion)}.`,
    /** @param {number} suggestion */
    use: (suggestion) => `Use ${rate(suggestion)}`,
    /** @param {unknown} error */
    failed: (error) => `Trying rates failed: ${sentenceOf(error)}`,
  },

  // Device

  /** @param {number} share */
  loadingEngine: (share) => `Loading the engine: ${percent(share)}`,
  /** @param {string} name @param {string} why */
  device: (name, why) => (why ? `${name}; ${why}` : name),

  /** Why this device was taken. */
  why: {
    chosen: () => "as you chose",
    onlyCpu: () => "WebGPU is not offered here",
    measuring: () => "measuring WebGPU…",
    failed: () => "WebGPU failed",
    software: () => "the only WebGPU adapter here is a software one",
    unsound: () => "WebGPU computes something else here",
    /** @param {{ cpu: number, gpu: number }} speeds */
    cpuFaster: ({ cpu, gpu }) => `measured faster: ${speed(cpu)} tokens/s, WebGPU ${speed(gpu)}`,
    /** @param {{ cpu: number, gpu: number }} speeds */
    gpuFaster: ({ cpu, gpu }) => `measured faster: ${speed(gpu)} tokens/s, CPU ${speed(cpu)}`,
  },

  /** @param {number} percent */
  checkingGpu: (percent) => `Checking the GPU against the CPU, once for this browser: ${percent}%`,

  /** @param {string} reason @returns {Complaint} */
  unsound: (reason) => ({
    what: `WebGPU cannot be trusted here: a check against the CPU failed (${clauseOf(reason)}).`,
    remedy: "The page uses the CPU. It checks again once the browser, its driver or mmrec is another version.",
  }),

  /** @param {string} reason @param {number | null} step @returns {Complaint} */
  fellBack: (reason, step) => ({
    what: `WebGPU stopped working (${clauseOf(reason)}).`,
    remedy: step === null ? "The page goes on with the CPU." : `The run goes on with the CPU from step ${count(step)}.`,
  }),

  /** @param {string} reason @param {number | null} step from which the run can go on @param {boolean} goesOn @returns {Complaint} */
  restarted: (reason, step, goesOn) => ({
    what: `The engine stopped (${clauseOf(reason)}).`,
    remedy:
      step === null ? "It was started afresh." : goesOn ? `It was started afresh, and the run goes on from step ${count(step)}.` : `It was started afresh from step ${count(step)}; press “Resume” to go on.`,
  }),

  /** @param {number | null} step @returns {Complaint} */
  outOfMemory: (step) => ({
    what: "There was not enough memory for this training.",
    remedy: `${step === null ? "" : `The model is kept as it was at step ${count(step)}. `}Train with a smaller batch or context, with “Less memory” under “More settings”, or with a smaller model; closing other tabs helps, too.`,
  }),

  /** @param {unknown} error @returns {Complaint} */
  notReplaced: (error) => ({
    what: `The engine stopped and could not be started again: ${sentenceOf(error)}`,
    remedy: "Check the connection; whatever you press next, such as “Resume”, starts it again. The run is here as it was at its last state.",
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
    ended: "its worker has ended",
    /** @param {number} seconds */
    silent: (seconds) => `no sign of life for ${seconds} seconds`,
  },

  // Writing

  /** @param {number} share */
  readingPrompt: (share) => `Reading the prompt: ${percent(share)}`,
  /** @param {Unknown[]} unknown */
  unknownCharacters: (unknown) =>
    `The model cannot see ${many(sumOf(unknown), "character", "characters")} of this prompt, since its text never had ${unknown.length === 1 && unknown[0]?.count === 1 ? "it" : "them"}: ${someOf(unknown.map(({ character }) => visible(character)))}.`,

  // Run

  resume: "Resume",
  phases: {
    starting: "Starting…",
    ready: "Ready",
    running: "Training",
    paused: "Paused",
    ended: "Ended",
  },
  trainsSoon: "Training begins as soon as the engine is loaded. “Stop” calls it off.",
  /** @param {string} device */
  trainingOn: (device) => `Training on the ${device}`,

  /** @param {number} programs @param {number} seconds */
  preparing: (programs, seconds) =>
    `Preparing the GPU before the first step: ${programs} ${programs === 1 ? "program" : "programs"} compiled, ${duration(seconds)}`,

  /** @param {number} done @param {number} total */
  evaluating: (done, total) => `Checking on the validation text, ${done} of ${total}`,

  endReasons: {
    stopped: "Stopped.",
    steps: "All planned steps are done.",
    plateau: "Ended early: the validation loss no longer falls.",
    not_finite: "Ended: the loss was no longer a number.",
    opened: "Opened for writing.",
    best: "Stopped, with the best state in place.",
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
    `This browser does not keep the run. The present one (step ${count(step)}${value === null ? "" : `, loss ${loss(value)}`}) will be gone.`,

  // Charts

  /** What the small charts show: the last value, the smallest and the largest. */
  chartInWords: {
    /** @param {number} last @param {number} low @param {number} high */
    lr: (last, low, high) => `Now ${rate(last)}; between ${rate(low)} and ${rate(high)} so far.`,
    /** @param {number} last @param {number} low @param {number} high */
    speed: (last, low, high) => `Now ${speed(last)}; between ${speed(low)} and ${speed(high)} so far.`,
    /** @param {number} last @param {number} low @param {number} high */
    "grad-norm": (last, low, high) => `Now ${rate(last)}; between ${rate(low)} and ${rate(high)} so far.`,
  },
  /** What charts are drawn along. @type {Record<Axis, string>} */
  axes: { steps: "Step", tokens: "Tokens learned from", seconds: "Training time", flops: "Floating-point operations" },
  /** A place there. @type {Record<Axis, (value: number) => string>} */
  at: {
    steps: (value) => `step ${count(value)}`,
    tokens: (value) => (value === 1 ? "1 token" : `${compact(value)} tokens`),
    seconds: (value) => clock(value),
    flops: (value) => `${power(value)} FLOPs`,
  },
  /** @param {string} what @param {Axis} axis */
  over: (what, axis) => `${what} over ${{ steps: "steps", tokens: "tokens", seconds: "training time", flops: "floating-point operations" }[axis]}`,
  /** What the values under the pointer are. */
  readings: { train: "train", validation: "validation" },
  /** @param {number} times */
  grewMark: (times) => (times === 1 ? "grew" : `grew ${count(times)}×`),
  /** @param {Growth} growth */
  grewRow: ({ parameters }) => `The model grew here, from ${millions(parameters)} parameters`,
  /** @param {number} step */
  sampleLabel: (step) => `Step ${count(step)}`,

  // What it has learned

  /** Names of the lines in the loss chart. */
  levels: {
    letter: { unigram: "letter frequencies", bigram: "letter pairs", trigram: "letter triples" },
    token: { unigram: "token frequencies", bigram: "token pairs", trigram: "token triples" },
  },
  /** What it means that the loss is below a line. */
  passed: {
    letter: {
      unigram: "Below letter frequencies: it uses at least one letter of context.",
      bigram: "Below letter pairs: it uses two letters of context or more.",
      trigram: "Below letter triples: it uses three letters of context or more.",
    },
    token: {
      unigram: "Below token frequencies: it uses at least one token of context.",
      bigram: "Below token pairs: it uses two tokens of context or more.",
      trigram: "Below token triples: it uses three tokens of context or more.",
    },
  },
  /** @param {number} share */
  copying: (share) => `${percent(share)} of what it wrote last stands in the training text word for word: it recites.`,

  stages: { symbols: "symbols", spelling: "spelling", words: "words", grammar: "grammar", meaning: "meaning" },
  stageMeans: {
    symbols: "It puts together signs of the text; hardly any of it is a word yet.",
    spelling: "It spells: much looks like words, and some of it is.",
    words: "Most of what it writes are words of the text; what stands side by side often does not belong together.",
    grammar: "Its words follow each other as those of the text do.",
    meaning: "Whether it means anything no figure here can tell: read it. For meaning, larger models and more text are needed.",
  },

  /** @param {Finding} finding */
  evidence: ({ shown, held, samples }) => [
    `Words that occur in the training text: ${outOf(shown.words)}; in the held-back text ${outOf(held.words)}. Counted in ${samples === 1 ? "the last sample" : `the last ${samples} samples`}.`,
    `Pairs of neighbouring words that occur in it: ${outOf(shown.pairs)}; in the held-back text ${outOf(held.pairs)}.`,
    `Brackets and quotation marks with a partner: ${outOf(shown.marks)}. Those that a sample’s end cut off have none.`,
    `Sentences that begin with a capital letter: ${outOf(shown.sentences)}; in the held-back text ${outOf(held.sentences)}.`,
    `Characters in copied passages of 30 or more: ${outOf(shown.copied)}; in the held-back text, which nobody copied, ${outOf(held.copied)}.`,
    ...(shown.partial ? ["Compared with the first 8 MB of the training text."] : []),
  ],
  /** @param {{ characters: number, start: number }} passage */
  longestPassage: ({ characters, start }) =>
    `Longest passage that is also in the training text: ${many(characters, "character", "characters")}, there after ${many(start, "other", "others")}.`,
  nothingCopied: "No character of it is in the training text.",

  /** @param {{ step: number, loss: number }} best @param {number | null} copied */
  overfits: (best, copied) =>
    `It begins to learn the text by heart: the train loss still falls, but on the held-back text the loss was lowest at step ${count(best.step)} (${loss(best.loss)}) and has risen since.${copied === null ? "" : ` ${percent(copied)} of its last samples is copied.`}`,
  /** @param {{ step: number, loss: number }} best */
  stale: (best) => `It stopped early: since step ${count(best.step)} (loss ${loss(best.loss)}) no check on the held-back text was better.`,
  overfitRemedy: "More steps will not help. Take the best state; for a better model use more text, dropout of 0.1 to 0.3, or a smaller size.",

  // Growth

  /** @param {Stage} stage */
  growTo: (stage) => `Grow to ${stage}`,

  /** @param {number | null} parameters of the larger model, where they are known */
  growHint: (parameters) =>
    `The larger model${parameters === null ? "" : ` (${millions(parameters)} parameters)`} begins with exactly what this one knows, and learns on from there with more room.`,

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

  partFailed: "This part of the page could not be loaded. Check the connection, then unfold it again or reload the page.",

  // Kept work

  /** @param {{ step: number, planned: number, loss: number | null, name: string, text: string }} run */
  keptRun: (run) => `${quoted(run.name)} is kept here: step ${count(run.step)} of ${count(run.planned)}${run.loss === null ? "" : `, loss ${loss(run.loss)}`}, on ${quoted(run.text)}.`,

  /** @param {{ step: number, planned: number, loss: number | null, name: string, text: string }} run */
  keptOver: (run) => `${quoted(run.name)} has ended and is kept here: step ${count(run.step)} of ${count(run.planned)}${run.loss === null ? "" : `, loss ${loss(run.loss)}`}, on ${quoted(run.text)}.`,

  /** @param {number} step @returns {Complaint} */
  olderState: (step) => ({
    what: "The newest kept state was damaged.",
    remedy: `The run continues from the one before it, of step ${count(step)}.`,
  }),

  /** @param {unknown} error @returns {Complaint} */
  keptUnreadable: (error) => ({
    what: `The kept run could not be opened: ${sentenceOf(error)}`,
    remedy: "Its curve stays in the list of runs; a checkpoint that you saved to a file can be loaded instead.",
  }),
  /** @param {string} name @param {unknown} error @returns {Complaint} */
  draftTextLost: (name, error) => ({
    what: `Your text ${quoted(name)} could not be read any more: ${sentenceOf(error)}`,
    remedy: "The built-in sample is in its place; choose your text again.",
  }),
  /** @param {string} name @param {string} text @returns {Complaint} */
  textless: (name, text) => ({
    what: `The text of ${quoted(name)} is no longer there, so the run is open for writing only.`,
    remedy: `To train it further, choose ${quoted(text)} again, then open the run again under “Runs”.`,
  }),
  keptTextGone: "its text is no longer there",
  keptStateGone: "its states are no longer there",

  /** @param {number} broken @returns {Complaint} */
  runsUnread: (broken) => ({
    what: broken === 1 ? "A kept run could not be read." : `${count(broken)} kept runs could not be read.`,
    remedy: "They may be from a newer version of the page, or damaged. Their files were left as they are.",
  }),

  /** @returns {Complaint} */
  diskFull: () => ({
    what: "The run could not be kept: the browser gives the page no more storage.",
    remedy: "It is here as long as this page is open. Remove the states of older runs under “Runs”, or save the checkpoint to a file before you leave.",
  }),

  runs: {
    /** Names of runs are one of each. */
    qualities: ["amber", "brave", "calm", "clear", "cosy", "crisp", "early", "fair", "gentle", "golden", "green", "happy", "keen", "kind", "light", "lively", "mellow", "merry", "misty", "noble", "quick", "quiet", "silver", "smooth", "snowy", "sunny", "tidy", "warm", "wild", "wise", "witty", "young"],
    things: ["apple", "badger", "beach", "birch", "bridge", "cedar", "cloud", "falcon", "fern", "forest", "garden", "harbour", "heron", "island", "lake", "lantern", "maple", "meadow", "melon", "mill", "moon", "otter", "owl", "pebble", "pine", "river", "robin", "sparrow", "swan", "tulip", "valley", "willow"],

    /** The run on the page, before it has a name. */
    present: "this run",
    /** @param {{ text: string, model: string, parameters: number | null, step: number, planned: number, best: number | null, date: string, bytes: number }} run */
    facts: (run) =>
      [
        isolated(run.text),
        [run.model, run.parameters === null ? null : millions(run.parameters)].filter(Boolean).join(" "),
        `step ${count(run.step)} of ${count(run.planned)}`,
        run.best === null ? "" : `best ${loss(run.best)}`,
        run.date,
        run.bytes > 0 ? bytes(run.bytes) : "curve only",
      ]
        .filter(Boolean)
        .join(" · "),
    open: "Open",
    isOpen: "Is open",
    again: "Again with changes",
    saveBest: "Save the best state",
    remove: "Delete",
    name: "Name of the run",
    /** @param {string} name */
    openLabel: (name) => `Open ${quoted(name)}`,
    /** @param {string} name */
    more: (name) => `More for ${quoted(name)}`,
    /** @param {string} name */
    compare: (name) => `Show ${quoted(name)} in the charts`,
    stateless: "Its states were removed",
    curveless: "Its curve is kept as soon as it is continued",
    /** @param {number} most */
    enough: (most) => `${count(most)} runs at once are shown`,
    /** @param {number} found */
    found: (found) => (found === 1 ? "1 run found" : `${count(found)} runs found`),

    /** @param {string[]} names @returns {Complaint} */
    deleted: (names) => ({ what: names.length === 1 ? `${names.map(quoted)} was deleted.` : `${count(names.length)} runs were deleted.`, remedy: "" }),
    undo: "Undo",
    show: "Show the runs",
    /** @param {unknown} error @returns {Complaint} */
    failed: (error) => ({ what: `That did not work: ${sentenceOf(error)}`, remedy: "The runs are as they were." }),

    allEnded: "All others that have ended",
    /** @param {number} freed @returns {Complaint} */
    roomMade: (freed) => ({ what: `${bytes(freed)} are free again.`, remedy: "" }),
    /** @param {number} runs @param {number} used @param {{ used: number, available: number } | null} all */
    storage: (runs, used, all) => `${runs === 1 ? "1 run takes" : `${count(runs)} runs take`} ${bytes(used)}.${all ? ` The page uses ${bytes(all.used)} of the ${bytes(all.available)} that the browser allows it.` : ""}`,
    lasting: "They are kept until you delete them.",
    clearable: "The browser may clear them when the disk runs full.",
    /** @returns {Complaint} */
    notLasting: () => ({ what: "The browser did not agree to keep the runs for good.", remedy: "It may clear them when the disk runs full: export what you must not lose. Some browsers agree once the page is a bookmark or installed." }),

    keys: { name: "Run", best: "Best", steps: "Steps" },
    /** A table's heading for a setting. */
    settings: {
      text: "Text",
      stage: "Model",
      tokenizer: "Tokenizer",
      vocab: "Vocabulary",
      context: "Context",
      batch: "Batch",
      steps: "Planned",
      lr: "Learning rate",
      seed: "Seed",
      warmup: "Warm-up",
      dropout: "Dropout",
      eval_every: "Check every",
      recompute: "Recompute",
      gpt: "GPT",
      validation: "Validation part",
    },
    /** @param {string[]} names */
    leftOut: (names) => `Not drawn, since this was not noted for ${names.length === 1 ? "it" : "them"}: ${names.map(quoted).join(", ")}.`,
    lines: "Strong lines with dots are the validation loss, thin ones the train loss.",

    exporting: "Putting the file together…",
    /** @param {number} size @param {number} limit @returns {Complaint} */
    tooLarge: (size, limit) => ({ what: `Nothing was exported: the runs take ${bytes(size)}, and one file holds up to ${bytes(limit)}.`, remedy: "Remove the states of some runs with “Make room”, or save single checkpoints." }),
    /** @param {unknown} error @returns {Complaint} */
    exportFailed: (error) => ({ what: `Nothing was exported: ${sentenceOf(error)}`, remedy: "The runs are as they were." }),
    importing: "Reading the file…",
    /** @param {number} taken @param {number} known */
    imported: (taken, known) => ({ what: `${taken === 1 ? "1 run was" : `${count(taken)} runs were`} taken in.${known > 0 ? ` ${known === 1 ? "1 was" : `${count(known)} were`} here already.` : ""}`, remedy: "" }),
    /** @param {number} done @param {number} total */
    takingIn: (done, total) => `Taking in the runs: ${count(done)} of ${count(total)}…`,
    /** @param {string} name @param {string[]} problems @param {number} more of them @param {boolean} rest whether anything was taken in @returns {Complaint} */
    partly: (name, problems, more, rest) => ({
      what: `Parts of ${quoted(name)} were left out: ${problems.join("; ")}${more > 0 ? `; and ${count(more)} more` : ""}.`,
      remedy: rest ? "The rest was taken in." : "Nothing was taken in.",
    }),
    /** @param {string} name @param {unknown} error @returns {Complaint} */
    importFailed: (name, error) => ({ what: `${quoted(name)} was not imported: ${sentenceOf(error)}`, remedy: "Choose a .zip file that “Export all” of this page has made." }),
    problems: {
      /** @param {string} part */
      manifest: (part) => `${isolated(part)} describes no run`,
      /** @param {string} run */
      state: (run) => `a state of ${quoted(run)} is missing or no checkpoint`,
      /** @param {string} run */
      curve: (run) => `the curve of ${quoted(run)} is missing or damaged`,
      /** @param {string} run */
      text: (run) => `the text of ${quoted(run)} is missing or damaged`,
      /** @param {string} run */
      full: (run) => `there is no room for ${quoted(run)}`,
    },
    noZip: "it is no zip file",
    noRuns: "there are no runs in it",
    /** @param {number} limit */
    zipTooLarge: (limit) => `it holds more than ${bytes(limit)}`,
    zipTooMany: "it holds too many files",
  },

  /** @param {unknown} error @returns {Complaint} */
  notKept: (error) => ({
    what: `The run could not be kept in this browser: ${sentenceOf(error)}`,
    remedy: "It is here as long as this page is open. Free some disk space, or save the checkpoint to a file before you leave.",
  }),

  /** @param {unknown} error @returns {Complaint} */
  pageFailed: (error) => ({ what: `The page could not be started: ${sentenceOf(error)}`, remedy: "Reload it. If that does not help, try another browser." }),

  /** @returns {Complaint} */
  memoryOnly: () => ({
    what: "This browser lets the page keep nothing (a private window, or site data is blocked).",
    remedy: "Everything works, but save the checkpoint to a file before you leave.",
  }),

  // Another tab

  following: {
    running: "Training goes on in another tab; this one follows it.",
    idle: "The page is open in another tab; this one follows it.",
    taking: "Taking over…",
    silent: "The other tab does not answer. Close it, and this one takes over.",
    busy: "The other tab is in the middle of reading or writing runs: take over when that is done.",
    unkept: "The other tab keeps its run, which this browser has no room for: save it to a file there, or make room, and take over again.",
  },
  /** @param {number} step @returns {Complaint} */
  leftUnkept: (step) => ({
    what: `The run of the other tab is gone: it was closed at step ${count(step)}, before anything of it was kept in this browser.`,
    remedy: "Train it anew, or go on with an earlier run.",
  }),
  /** @param {number} steps @returns {Complaint} */
  staysHere: (steps) => ({
    what: `This tab stays as it is: ${many(steps, "step", "steps")} of its run could not be kept in this browser and would be lost.`,
    remedy: "Pause, save the checkpoint to a file or remove the states of older runs under “Runs”, and try again.",
  }),

  /** @returns {Complaint} */
  staysBusy: () => ({
    what: "This tab stays as it is: it is in the middle of reading or writing runs.",
    remedy: "Try again when that is done.",
  }),

  // While nobody watches

  /** @param {number} part of the steps @param {number} value the loss */
  titleTraining: (part, value) => `${percent(part)} · loss ${fixed(value, 2)} – MM-Rec`,
  screenStaysOn: "The screen stays on.",
  screenRefused: "The browser does not keep the screen on now (the battery may be low).",
  notificationsRefused: "The browser does not let this page notify you; its site settings can allow it.",
  notificationTitle: "MM-Rec: training is over",
  /** @param {string} reason @param {number} step @param {number | null} value the loss */
  trainingOver: (reason, step, value) =>
    `${reason} Step ${count(step)}${value === null ? "" : `, loss ${loss(value)}`}.`,
  /** @param {number} share of the speed that was left @returns {Complaint} */
  sloweredWhileHidden: (share) => ({
    what: `While this tab was hidden, the browser let training run at ${percent(Math.round(share * 100) / 100)} of its speed.`,
    remedy: "For full speed keep it visible, if need be in a window of its own.",
  }),

  // Without a connection, and the next release

  worksOffline: "Kept in this browser: works without a connection.",
  reloadPage: "Reload",
  /** @returns {Complaint} */
  newRelease: () => ({ what: "There is a new version of this page.", remedy: "Reload when it suits you." }),
  /** @returns {Complaint} */
  otherTabsFirst: () => ({
    what: "The new version waits, since other tabs still show the old one.",
    remedy: "It comes when they are closed and this one is reloaded.",
  }),

  // Files

  /** @param {unknown} error @param {string} name @returns {Complaint} */
  checkpointRefused: (error, name) => ({
    what: `${quoted(name)} was not opened: ${sentenceOf(error)}`,
    remedy: "Choose a .safetensors file that this page or the mmrec program saved.",
  }),

  /** @param {string} file @param {RunInfo} info @param {boolean} done @returns {Complaint} */
  loadedToTrain: (file, info, done) => ({
    what: `${quoted(file)} is at step ${count(info.step)} and was trained on the present text.${changedSince(info)}`,
    remedy: done ? "All its steps are done: raise “Steps” to train on, or let it write." : "Press “Resume” to train on, or let it write.",
  }),

  /** @param {string} file @param {RunInfo} info @returns {Complaint} */
  loadedToWrite: (file, info) => ({
    what: `${quoted(file)} was trained on another text${info.data_name ? ` (${quoted(info.data_name)})` : ""}, so it is open for writing only.${changedSince(info)}`,
    remedy: "To train it further, load its text first and then the checkpoint again.",
  }),

  /** Buttons that cannot be used now say why. */
  unusable: {
    starting: "The engine is still loading",
    otherTab: "Another tab is at work; take over first",
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

/** @param {number} value @param {string} one @param {string} others */
const many = (value, one, others) => `${count(value)} ${value === 1 ? one : others}`;

/** @param {FileInfo[]} files */
const namesOf = (files) => someOf(files.map(({ name }) => name), quoted);

/** @param {string[]} names @param {(name: string) => string} [show] */
const someOf = (names, show) => listOf(names, (others) => `and ${count(others)} more`, show);

/** @param {Share} share "88 of 94 (94 %)" */
function outOf({ hits, total }) {
  return total ? `${count(hits)} of ${count(total)} (${percent(Math.round((100 * hits) / total) / 100)})` : "none";
}

/**
 * A comparison that means something without knowing what a nat is.
 * @param {number} value
 * @param {number} uniform
 */
function judge(value, uniform) {
  const better = Math.exp(uniform - value);
  return better < 1.05 ? "no better than guessing yet" : `${better < 10 ? fixed(better, 1) : count(better)} times better than guessing`;
}

/** @param {RunInfo} info a sentence to follow another, if it is true */
function changedSince({ changed }) {
  return changed ? " Another program changed the file since it was saved." : "";
}
