/**
 * Every message between the page and a worker. Types only, save for the list of what needs no engine.
 *
 * The page sends `Envelope`s and gets exactly one `Reply` for each; besides, the worker sends `Notice`s when something happens.
 *
 * @import { Ablation, Compared, DataInfo, Description, DeviceKind, EngineEvent, Evidence, Field, FileInfo, Gates, GenerateOptions, Look, Packing, StageInfo, Reading, Rehearsed, RunInfo, Settings, Stage, TextInfo, TokenizerKind, TrialPlan, TriedRate, Unknown, Yardsticks } from "./engine-types.js"
 * @import { ModuleName } from "./wasm-modules.js"
 * @import { ThreadSetup } from "./threads.js"
 *
 * A text as the page holds it: by reference, so that a large file is never copied into the page. One that was kept is what `text`
 * was answered with.
 * @typedef {{ kind: "sample" } | { kind: "files", files: TextFile[], lossy: boolean } | { kind: "kept", name: string, blob: Blob }} TextSource
 * @typedef {{ name: string, blob: Blob }} TextFile
 *
 * A text that was read: its files in the order they were read in, with their places in the source, and those that are no text.
 * @typedef {Pick<TextInfo, "bytes" | "characters" | "preview"> & { files: (FileInfo & { place: number })[], leftOut: LeftOut[] }} Read
 * @typedef {{ place: number, why: string }} LeftOut
 *
 * @typedef {{ name: string, module: ModuleName, stages: StageInfo[], defaults: Record<Stage, Settings>, fields: Field[] }} Opened
 * @typedef {{ tokenizer: TokenizerKind, vocab?: number, validation?: number, context: number, batch: number }} PrepareOptions
 * @typedef {{ bytes: Uint8Array<ArrayBuffer>, step: number }} Snapshot
 *
 * @typedef {(
 *   | { type: "open", device: DeviceKind, build?: ModuleName, code?: MessagePort }
 *   | { type: "read", source: TextSource }
 *   | { type: "prepare", options: PrepareOptions }
 *   | { type: "longest_context" }
 *   | { type: "text" }
 *   | { type: "describe", settings: Settings }
 *   | { type: "probe", settings: Settings }
 *   | { type: "find_rate", settings: Settings }
 *   | { type: "try_rate" }
 *   | { type: "end_rate" }
 *   | { type: "start", settings: Settings }
 *   | { type: "resume", bytes: Uint8Array }
 *   | { type: "grow", bytes: Uint8Array, settings: Settings }
 *   | { type: "load", bytes: Uint8Array }
 *   | { type: "inspect", bytes: Uint8Array }
 *   | { type: "run" }
 *   | { type: "step" }
 *   | { type: "pause" }
 *   | { type: "checkpoint" }
 *   | { type: "set_sample", prompt: string, every: number }
 *   | { type: "set_steps", steps: number }
 *   | { type: "generate", prompt: string, options: GenerateOptions }
 *   | { type: "stop_generation" }
 *   | { type: "unknown", prompt: string }
 *   | { type: "logits", prompt: string }
 *   | { type: "yardsticks" }
 *   | { type: "evidence", written: string }
 *   | { type: "inspect_text", text: string }
 *   | { type: "gates", layer: number }
 *   | { type: "look", layer: number, token: number }
 *   | { type: "ablate", part: number }
 *   | { type: "end_inspection" }
 *   | { type: "pack", bytes: Uint8Array, packing: Packing }
 *   | { type: "compare" }
 *   | { type: "rehearse" }
 *   | { type: "check", expected: Rehearsed[] }
 * )} Request
 *
 * What each request is answered with.
 * @typedef {object} Answers
 * @property {Opened} open
 * @property {Read | null} read null for the built-in sample
 * @property {DataInfo} prepare
 * @property {number | null} longest_context that the text has room for
 * @property {Blob} text the normalised text
 * @property {Description} describe
 * @property {{ tokens_per_s: number }} probe
 * @property {TrialPlan} find_rate
 * @property {TriedRate | null} try_rate null where all that is worth trying was tried
 * @property {null} end_rate
 * @property {null} start
 * @property {RunInfo} resume
 * @property {RunInfo} grow of the larger model, which the engine holds from then on
 * @property {RunInfo} load
 * @property {RunInfo} inspect
 * @property {null} run training goes on until `pause` or a `stopped` notice
 * @property {null} step training goes on for one step, then a `stopped` notice comes
 * @property {null} pause
 * @property {Snapshot} checkpoint
 * @property {null} set_sample
 * @property {null} set_steps
 * @property {null} generate writing has begun; `reading` and `written` notices follow
 * @property {null} stop_generation
 * @property {Unknown[]} unknown characters of the prompt that the model cannot see
 * @property {Float32Array} logits
 * @property {Yardsticks} yardsticks of the prepared text
 * @property {Evidence} evidence
 * @property {Reading} inspect_text the engine keeps the model as it is now for `gates`, `look` and `ablate`
 * @property {Gates} gates
 * @property {Look} look
 * @property {Ablation} ablate
 * @property {null} end_inspection
 * @property {{ bytes: Uint8Array<ArrayBuffer> }} pack a file of the model of a checkpoint, with fewer bits a weight
 * @property {Compared} compare one more piece of the comparison of the two on what is held back of the text
 * @property {Rehearsed[]} rehearse what this device measures in the first steps of tiny models
 * @property {null} check this device measures what was expected
 *
 * @typedef {{ id: number, request: Request }} Envelope
 * @typedef {{ message: string, fatal: boolean, memory?: boolean, fault?: boolean }} Failure `memory`: there was not enough of it;
 * `fault`: the GPU complained
 *
 * `begun`: it turns to a request now, which may take long. `reading`: the share of a prompt that is read.
 * @typedef {(
 *   | { type: "begun" }
 *   | { type: "events", events: EngineEvent[] }
 *   | { type: "snapshot", snapshot: Snapshot, best?: boolean }
 *   | { type: "stopped", reason: "step" | "finished" | "error", failure?: Failure }
 *   | { type: "preparing", share: number }
 *   | { type: "compiled", count: number }
 *   | { type: "checking", share: number }
 *   | { type: "reading", share: number }
 *   | { type: "written", text: string }
 *   | { type: "writing_ended", stopped: boolean, failure?: Failure }
 *   | { type: "failed", failure: Failure }
 * )} Notice
 *
 * @typedef {(
 *   | { type: "reply", id: number, ok: true, value: unknown }
 *   | { type: "reply", id: number, ok: false, failure: Failure }
 *   | { type: "threads", setup: ThreadSetup, count: number, answer: MessagePort }
 *   | Notice
 * )} FromWorker `threads`: it needs so many, and waits for the answer
 * @typedef {{ failure: string | null }} ThreadAnswer null where all of them run
 */

/**
 * What an exported page and its worker tell each other.
 * @typedef {(
 *   | { type: "open", module: string, weights: string }
 *   | { type: "generate", prompt: string, options: GenerateOptions }
 *   | { type: "stop" }
 * )} ToExported `module` and `weights` are compressed, in base 64
 * @typedef {{ type: "ready" } | { type: "text", text: string } | { type: "end" } | { type: "failed", message: string }} FromExported
 */

export {};
