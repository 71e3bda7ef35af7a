/**
 * The surface of the generated wasm modules (`wasm/{cpu,threads,webgpu}/mmrec_wasm.js`), as the page relies on it. Types only.
 *
 * @import * as table from "./settings-types.js"
 *
 * @typedef {"cpu" | "webgpu"} DeviceKind
 * @typedef {table.Stage} Stage
 * @typedef {table.TokenizerKind} TokenizerKind
 * @typedef {table.TableSettings} TableSettings
 *
 * What is chosen beside the settings of the table.
 * @typedef {object} Choice
 * @property {Stage | null} stage null for a model from a file that is no rung of the ladder
 * @property {object} [sizes] of such a model
 * @property {TokenizerKind} tokenizer
 * @property {number} vocab the most tokens of word pieces
 * @property {boolean} [gpt] a GPT of the same size, to compare with; missing in runs of earlier versions, which had none
 * @property {number} [validation] fraction of the text; chosen from its size where it is missing
 * @property {number} [freeze] blocks that stay as they are
 * @property {number} [lora] rank of the adapters that are trained
 * @property {number} [lora_alpha]
 *
 * What the runs of every version of the page have.
 * @typedef {"context" | "batch" | "steps" | "lr" | "seed" | "warmup" | "eval_every" | "save_every" | "sample_every" | "sample_prompt" | "dropout"} Always
 *
 * What a run is made from; everything the person can set.
 * @typedef {Choice & Pick<TableSettings, Always> & Partial<Omit<TableSettings, Always>>} Settings
 *
 * What a setting is called, means and may be.
 * @typedef {object} Field
 * @property {string} name
 * @property {string} about in English, for the command line's help
 * @property {{ type: "whole" | "number", min: number, max: number } | { type: "one_of", options: string[] } | { type: "switch" | "text" }} range
 * @property {string} default in words
 *
 * One size; `grown` is what a model is trained with that grew into it.
 * @typedef {{ stage: Stage, parameters: number, grown: { lr: number, warmup: number } }} StageInfo
 * The text so far, and the file that was read last.
 * @typedef {{ bytes: number, characters: number, preview: string, file: FileInfo }} TextInfo
 *
 * What a file was read as.
 * @typedef {object} FileInfo
 * @property {string} name
 * @property {"utf-8" | "utf-16le" | "utf-16be"} encoding
 * @property {number} replaced characters that stand in the place of what could not be read
 * @property {"html" | "xml" | "json" | "jsonlines" | "table" | "subtitles" | "mail" | null} document what it seems to be, where it is no plain text
 * @property {boolean} repeated an earlier file has the same text, so that this one was left out
 *
 * The text after it was split and turned into tokens.
 * @typedef {object} DataInfo
 * @property {string} name
 * @property {number} bytes
 * @property {number} characters
 * @property {number} vocabulary
 * @property {number} train_bytes where the validation part begins
 * @property {number} train_tokens
 * @property {number} val_tokens
 * @property {number} val_fraction
 * @property {string} preview
 * @property {string[]} first_tokens as text
 * @property {string} fingerprint of the tokens and the tokenizer
 *
 * The learning rates that are tried at most: so many, each the same factor above the one before.
 * @typedef {{ trials: number, lowest: number, highest: number }} TrialPlan
 *
 * A learning rate, the smoothed loss at it, and what is suggested by now.
 * @typedef {{ rate: number, loss: number, suggestion: number | null }} TriedRate
 *
 * @typedef {object} Description
 * @property {number} parameters
 * @property {number} flops_per_step
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
 * @property {number} [tokens] learned from so far
 * @property {number} [seconds] spent on steps so far
 * @property {number} [flops] of training so far; 0 where an earlier version did not count them
 * @property {number} tokens_per_s
 * @property {number} lr
 * @property {number} [grad_norm]
 * @property {number} train_loss
 * @property {number | null} [val_loss]
 * @property {number | null} [val_bpc] bits per character
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
 * @property {boolean} changed by another program since it was saved
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
 * What is known of a step once it is taken, and what its evaluation adds.
 * @typedef {"step" | "epoch" | "train_loss" | "lr" | "grad_norm" | "tokens" | "tokens_per_s" | "seconds" | "flops"} Trained
 * @typedef {"val_loss" | "val_bpc" | "val_perplexity" | "val_accuracy"} Evaluated
 * @typedef {{ type: "step" } & Required<Pick<Point, Trained>>} StepEvent
 * @typedef {{ type: "eval", best: boolean } & { [name in "step" | "epoch" | Evaluated]: number }} EvalEvent
 * @typedef {{ type: "evaluating", done: number, total: number }} EvaluatingEvent
 * @typedef {{ type: "sample", step: number, text: string }} SampleEvent
 * @typedef {{ type: "save", kind: "best" | "last" | "step", step: number }} SaveEvent
 * @typedef {{ type: "finished", reason: "steps" | "plateau" | "not_finite", message: string }} FinishedEvent
 * @typedef {StepEvent | EvalEvent | EvaluatingEvent | SampleEvent | SaveEvent | FinishedEvent} EngineEvent
 *
 * A character that the model has no token for, and how often it stands in a prompt.
 * @typedef {{ character: string, count: number }} Unknown
 *
 * @typedef {object} GenerateOptions
 * @property {number} tokens
 * @property {number} temperature
 * @property {number} top_k 0 is off
 * @property {number} top_p 1 is off
 * @property {number} seed
 * @property {string[]} stop
 *
 * A text as the model reads it. The tokens' texts joined are the text.
 * @typedef {object} Reading
 * @property {ReadToken[]} tokens
 * @property {number | null} loss mean surprise, in nats per token; null for a single token
 * @property {number} layers of the model
 * @property {number} heads of a layer
 * @property {Decay[][]} decays of the recurrent memory, by layer and head; empty for a GPT
 * @property {number} levels of memory above the tokens, whether this text reaches them or not; none in a GPT
 * @property {Part[]} parts that have something to do in this text and can be switched off
 *
 * @typedef {object} ReadToken
 * @property {string} text the characters that end with it; empty where it ends inside one
 * @property {string} label a visible name: `a`, `space`, `newline`, `0xE2`; "unknown" for a character that the model has no token for
 * @property {Prediction | null} prediction null for the first
 *
 * @typedef {object} Prediction
 * @property {number} probability of the token that came
 * @property {number} surprise −ln of it, in nats
 * @property {number} entropy the surprise that was to be expected, in nats
 * @property {{ label: string, probability: number }[]} likeliest up to five tokens, the likeliest first
 *
 * Tokens after which 1/e of what a head's memory holds is left: over the whole text, and at its fastest and slowest token.
 * @typedef {{ mean: number, shortest: number, longest: number }} Decay
 *
 * One layer's gates by head and token, 0 to 1: the share of the memory that is kept, and how strongly the token is written.
 * @typedef {{ keep: number[][], write: number[][] }} Gates
 *
 * Both memories of one layer at one token; of a GPT there is only attention.
 * @typedef {{ recall: Recall | null, attention: Attention }} Look
 *
 * What the recurrent memory gives back. Shares are signed and sum to 1, one for every token up to this one; all are 0 where nothing
 * is read.
 * @typedef {object} Recall
 * @property {number[]} shares in what all heads read together
 * @property {{ length: number, shares: number[], written: Write }[]} heads `length` is comparable with that of `Attention`
 *
 * What the token writes into a head's memory.
 * @typedef {object} Write
 * @property {number} gate 0 to 1
 * @property {number} length of what is written
 * @property {number | null} lasts tokens until 1/e of it is left; null if the text ends before
 * @property {number} left at the end of the text, 0 to 1
 *
 * Weights are 0 to 1 and sum to 1, one for every place.
 * @typedef {object} Attention
 * @property {Place[]} places what the token sees: its window's tokens, itself the last of them, then the slots of each level
 * @property {number[]} weights mean over heads
 * @property {{ length: number, weights: number[] }[]} heads
 *
 * A token (level 0) or a slot (level 1 and up), which stands for the tokens [from, to).
 * @typedef {{ level: number, from: number, to: number }} Place
 *
 * A part of the model, in all layers. Off, the recurrent memory's read is zero; no token sees another one by itself (but still itself);
 * a level's slots are out of the softmax.
 * @typedef {{ kind: "recurrence" } | { kind: "tokens" } | { kind: "level", level: number }} Part
 * @typedef {{ part: Part, loss: number, difference: number }} Ablation `difference`: how much worse than with everything
 *
 * What the weights of a model are stored in, to be given away; and its loss in nats per token with the weights as they were and as
 * they are then, once all is read: null where the text has nothing held back.
 * @typedef {"f16" | "int8"} Packing
 * @typedef {{ done: number, total: number, losses: [number, number] | null }} Compared
 *
 * What a device measured in one of the first steps of a tiny model.
 * @typedef {{ model: string, step: number, loss: number, grad_norm: number }} Rehearsed
 *
 * Every method that can fail throws an `Error` whose message is the whole chain of causes.
 * @typedef {object} Engine
 * @property {() => string} device_name
 * @property {() => StageInfo[]} stages
 * @property {(bytes: Uint8Array, name: string, lossy: boolean) => TextInfo} read_text
 * @property {(name: string, lossy: boolean) => void} begin_file that comes in pieces
 * @property {(bytes: Uint8Array) => void} read_part
 * @property {() => TextInfo} end_file
 * @property {(names: string[]) => Uint32Array} in_order the places of files in the order in which they are read
 * @property {(bytes: Uint8Array, name: string) => TextInfo} restore_text as `text` gave it
 * @property {() => void} clear_text
 * @property {() => void} sample_text
 * @property {(options: { tokenizer: TokenizerKind, vocab?: number, validation?: number, context: number, batch: number }, progress?: (share: number) => void) => DataInfo} prepare
 * @property {() => number | undefined} longest_context that the text has room for
 * @property {() => Uint8Array} text
 * @property {(stage: Stage) => Settings} defaults
 * @property {() => Field[]} fields
 * @property {(settings: Settings) => Description} describe
 * @property {(settings: Settings) => Promise<{ tokens_per_s: number }>} probe
 * @property {(settings: Settings) => TrialPlan} find_rate begins trials of learning rates
 * @property {() => Promise<TriedRate | undefined>} try_rate
 * @property {() => void} end_rate
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
 * @property {() => Promise<string | undefined>} next_text empty while a long prompt is read
 * @property {() => number | undefined} reading the share of the prompt that is read; undefined once all of it is
 * @property {(prompt: string) => Unknown[]} unknown_characters
 * @property {(prompt: string) => Promise<Float32Array>} logits
 * @property {() => void} stop_generation
 * @property {() => Yardsticks} yardsticks
 * @property {(written: string) => Evidence} evidence
 * @property {(text: string) => Promise<Reading>} inspect_text with the model as it is now, which is kept for the following
 * @property {(layer: number) => Gates} gates
 * @property {(layer: number, token: number) => Promise<Look>} look
 * @property {(part: number) => Promise<Ablation>} ablate by its number among the reading's parts
 * @property {() => void} end_inspection
 * @property {(bytes: Uint8Array, packing: Packing) => Uint8Array} pack a file of the model of a checkpoint
 * @property {() => Promise<Compared>} compare goes on comparing the two on what is held back of the prepared text
 * @property {() => Promise<Rehearsed[]>} rehearse what is measured here
 * @property {(expected: Rehearsed[], progress?: (share: number) => void) => Promise<void>} check throws where it is something else
 * @property {() => void} free
 *
 * @typedef {object} EngineModule
 * @property {(input?: unknown) => Promise<{ memory: WebAssembly.Memory }>} default
 * @property {{ create(device: DeviceKind, fault?: (message: string) => void): Promise<Engine> }} Engine `fault` hears what a GPU complains of
 *
 * @typedef {object} PoolExports what the module that runs on several threads has besides
 * @property {() => WebAssembly.Module} module_code
 * @property {(threads: number) => void} build_pool before the engine, when as many threads run
 * @property {() => void} run_thread in a worker of its own; does not return
 */

export {};
