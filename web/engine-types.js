/**
 * The surface of the generated wasm modules (`wasm/{cpu,threads,webgpu}/mmrec_wasm.js`), as the page relies on it. Types only.
 *
 * @typedef {"cpu" | "webgpu"} DeviceKind
 * @typedef {"tiny" | "mini" | "small"} Stage
 * @typedef {"char" | "byte"} TokenizerKind
 *
 * What a run is made from; everything the person can set.
 * @typedef {object} Settings
 * @property {Stage | null} stage null for a model from a file that is no rung of the ladder
 * @property {object} [sizes] of such a model
 * @property {TokenizerKind} tokenizer
 * @property {number} context tokens in a training window
 * @property {number} batch windows in a step
 * @property {number} steps
 * @property {number} lr peak learning rate
 * @property {number} seed
 * @property {number} warmup steps
 * @property {number} eval_every steps
 * @property {number} save_every steps
 * @property {number} sample_every steps; 0 is never
 * @property {string} sample_prompt
 * @property {number} dropout 0 to 1
 * @property {boolean} [recompute] each block in the backward pass, to save memory
 * @property {number} [validation] fraction of the text; chosen from its size where it is missing
 *
 * One size; `grown` is what a model is trained with that grew into it.
 * @typedef {{ stage: Stage, parameters: number, grown: { lr: number, warmup: number } }} Preset
 * @typedef {{ bytes: number, characters: number, preview: string }} TextInfo
 *
 * The text after it was split and turned into tokens.
 * @typedef {object} DataInfo
 * @property {string} name
 * @property {number} bytes
 * @property {number} characters
 * @property {number} vocabulary
 * @property {number} train_tokens
 * @property {number} val_tokens
 * @property {number} val_fraction
 * @property {string} preview
 * @property {string} fingerprint of the tokens and the tokenizer
 *
 * @typedef {object} Description
 * @property {number} parameters
 * @property {number} tokens_per_step
 * @property {number} vocabulary
 * @property {number} uniform_loss ln V, in nats
 * @property {Stage | null} grows_to the next size the model can grow into; null where a browser has none
 * @property {number} memory bytes that training takes at most, by estimate, on the CPU
 *
 * One logged step; the validation figures are there where the step was evaluated.
 * @typedef {object} Point
 * @property {number} step
 * @property {number} [epoch]
 * @property {number} [tokens]
 * @property {number} [seconds]
 * @property {number} tokens_per_s
 * @property {number} lr
 * @property {number} [grad_norm]
 * @property {number} train_loss
 * @property {number | null} [val_loss]
 * @property {number | null} [val_bpc]
 * @property {number | null} [val_perplexity]
 * @property {number | null} [val_accuracy]
 *
 * A model became a larger one: the last step of the smaller one, and its parameters.
 * @typedef {{ step: number, parameters: number }} Growth
 *
 * What a checkpoint says about itself.
 * @typedef {object} RunInfo
 * @property {Stage | null} stage null for a configuration that is no rung of the ladder
 * @property {Stage | null} grows_to the next size the model can grow into; null where a browser has none
 * @property {number} parameters
 * @property {TokenizerKind} tokenizer
 * @property {number} vocabulary
 * @property {Settings | null} settings null where the file holds weights only
 * @property {number} step
 * @property {Growth[]} growths earliest first
 * @property {Point[]} history
 * @property {string} data_name
 * @property {string} fingerprint
 * @property {number | null} [best_loss]
 *
 * How many of something have a property.
 * @typedef {{ hits: number, total: number }} Share
 *
 * What a written text shows, compared with the training text.
 * @typedef {object} Evidence
 * @property {Share} words that occur in it
 * @property {Share} pairs of words that follow each other there too
 * @property {Share} marks brackets and quotation marks that have their partner
 * @property {Share} sentences that begin with a capital letter
 * @property {Share} copied characters within passages of 30 or more that it has too
 * @property {{ text: string, characters: number, start: number } | null} longest passage that it has too, and the characters before it there
 * @property {boolean} partial only the beginning of the training text was compared
 *
 * Cross-entropy of the validation part by counts of the training part, in nats per token.
 * @typedef {{ uniform: number, unigram: number, bigram: number, trigram: number }} Entropies
 *
 * What a model of the prepared text is measured by; `held_back` is what the text's own held-back part shows.
 * @typedef {{ entropies: Entropies | null, held_back: Evidence }} Yardsticks
 *
 * @typedef {object} StepEvent
 * @property {"step"} type
 * @property {number} step
 * @property {number} epoch
 * @property {number} train_loss
 * @property {number} lr
 * @property {number} grad_norm
 * @property {number} tokens
 * @property {number} tokens_per_s
 * @property {number} seconds
 *
 * @typedef {object} EvalEvent
 * @property {"eval"} type
 * @property {number} step
 * @property {number} epoch
 * @property {number} val_loss
 * @property {number} val_bpc bits per character
 * @property {number} val_perplexity
 * @property {number} val_accuracy
 * @property {boolean} best
 *
 * @typedef {{ type: "evaluating", done: number, total: number }} EvaluatingEvent
 * @typedef {{ type: "sample", step: number, text: string }} SampleEvent
 * @typedef {{ type: "save", kind: "best" | "last" | "step", step: number }} SaveEvent
 * @typedef {{ type: "finished", reason: "steps" | "plateau" | "not_finite", message: string }} FinishedEvent
 * @typedef {StepEvent | EvalEvent | EvaluatingEvent | SampleEvent | SaveEvent | FinishedEvent} EngineEvent
 *
 * @typedef {object} GenerateOptions
 * @property {number} tokens
 * @property {number} temperature
 * @property {number} top_k 0 is off
 * @property {number} top_p 1 is off
 * @property {number} seed
 * @property {string[]} stop
 *
 * Every method that can fail throws an `Error` whose message is the whole chain of causes.
 * @typedef {object} Engine
 * @property {() => string} device_name
 * @property {() => Preset[]} presets
 * @property {(bytes: Uint8Array, name: string, lossy: boolean) => TextInfo} read_text
 * @property {() => void} clear_text
 * @property {() => void} sample_text
 * @property {(options: { tokenizer: TokenizerKind, validation?: number, context: number, batch: number }) => DataInfo} prepare
 * @property {() => Uint8Array} text
 * @property {(stage: Stage) => Settings} defaults
 * @property {(settings: Settings) => Description} describe
 * @property {(settings: Settings) => Promise<{ tokens_per_s: number }>} probe
 * @property {(settings: Settings) => void} start
 * @property {(bytes: Uint8Array) => RunInfo} resume
 * @property {(bytes: Uint8Array, settings: Settings) => RunInfo} grow steps are those to come
 * @property {(bytes: Uint8Array) => RunInfo} open
 * @property {(bytes: Uint8Array) => RunInfo} inspect
 * @property {() => Promise<EngineEvent[]>} advance
 * @property {() => Promise<Uint8Array>} checkpoint
 * @property {(prompt: string, every: number) => void} set_sample
 * @property {(steps: number) => void} set_steps
 * @property {(prompt: string, options: GenerateOptions) => Promise<void>} generate
 * @property {() => Promise<string | undefined>} next_text
 * @property {(prompt: string) => Promise<Float32Array>} logits
 * @property {() => void} stop_generation
 * @property {() => Yardsticks} yardsticks
 * @property {(written: string) => Evidence} evidence
 * @property {() => void} free
 *
 * @typedef {object} EngineModule
 * @property {(input?: unknown) => Promise<{ memory: WebAssembly.Memory }>} default
 * @property {(threads: number) => Promise<unknown>} [initThreadPool] only where it runs on several threads; before the engine
 * @property {{ create(device: DeviceKind): Promise<Engine> }} Engine
 */

export {};
