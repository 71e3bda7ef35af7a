/**
 * The settings of training and of models, by their names in settings files: what each means, what it is by default, what it may be.
 * Written from crates/mmrec (the table of `config`, the kinds of tokenizers) and crates/mmrec-wasm (the sizes) by
 * tests/page_settings.rs; not to be edited.
 *
 * @typedef {"tiny" | "mini" | "small"} Stage the sizes that a browser has
 * @typedef {"char" | "byte" | "bpe"} TokenizerKind
 * @typedef {object} TableSettings
 * @property {number} steps Optimizer steps to take [default: 1000] [1 to 1000000000]
 * @property {number} batch Sequences in one batch [default: 8] [1 to 4096]
 * @property {number} context Tokens in one sequence [default: 256] [1 to 1048576]
 * @property {number} accum Batches whose gradients are added up for one step [default: 1] [1 to 4096]
 * @property {boolean} recompute Recompute each block in the backward pass: a fraction of the memory, a third more work, the same result
 * @property {"f32" | "bf16"} precision Multiply matrices in f32, or in bf16 on a device that has it; everything else stays f32 [default: f32]
 * @property {"adamw" | "sgd"} optimizer What turns gradients into steps; sgd (with momentum) keeps half as much and wants a rate of its own [default: adamw]
 * @property {number} lr Peak learning rate [default: by width, 0.00566 for tiny, 0.00327 for mini] [above 0, at most 1]
 * @property {number} floor Learning rate at the end, as a share of the peak [default: 0.1] [0 to 1]
 * @property {number} warmup Steps over which the learning rate rises; then it falls along a cosine [default: 50] [0 to 1000000]
 * @property {number} weight_decay Decay of the weight matrices per unit of learning rate [default: 0.1] [0 to 10]
 * @property {number} clip Largest global norm of the gradient [default: 1] [above 0, at most 1000000]
 * @property {number | string} seed Seed of weights, crops and dropout: the same seed gives the same run [default: 0] [0 to 9223372036854775807]
 * @property {number} eval_every Steps between evaluations on the validation part [default: 100] [1 to 1000000000]
 * @property {number} eval_windows Windows an evaluation reads, evenly spaced; 0 reads the whole validation part [default: 64] [0 to 1000000]
 * @property {number} patience Evaluations without a better loss after which training stops early; 0 never stops early [default: 0] [0 to 4294967295]
 * @property {number} save_every Steps between checkpoints that are kept, step-N.safetensors [default: 500] [1 to 1000000000]
 * @property {number} log_every Steps between lines of metrics.jsonl [default: 1] [1 to 1000]
 * @property {number} sample_every Steps between samples of what the model writes; 0 writes none [default: 0] [0 to 1000000000]
 * @property {string} sample_prompt What samples begin with
 * @property {number} sample_tokens Tokens in a sample [default: 200] [1 to 100000]
 * @property {number} dropout Share of activations dropped in training; 0.1 to 0.3 helps small texts over many epochs [default: 0] [0 to 0.9]
 * @property {number} gate_rank Give the decay and write gates a projection of their own, of this rank (DPG); 0: columns of the fused one [default: 0] [0 to 1024]
 * @property {boolean} planning Train the memory to plan ahead as well (UBÖO): about twice the work a step
 */

export {};
