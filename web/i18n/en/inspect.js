/**
 * “Look inside” in English; its shape is what every other language has.
 *
 * @typedef {typeof inspect} InspectTexts
 */

import { sentenceOf } from "../../platform/errors.js";
import { brief, count, fixed, percent } from "../format.js";

export const inspect = {
  // What is looked at

  text: "Text to look at",
  look: "Look",
  again: "Look again",
  written: "What was written",
  validation: "Validation text",
  nothingWritten: "The model has not written yet",
  noValidation: "The text that this model learns from is not here",
  reading: "The model reads the text…",
  /** @param {number} tokens @param {number} step */
  read: (tokens, step) => `${count(tokens)} tokens, read by the model of step ${count(step)}.`,
  /** @param {number} steps */
  learned: (steps) => (steps === 1 ? "The model has learned 1 step since." : `The model has learned ${count(steps)} steps since.`),
  gone: "Another model is in the engine now.",
  /** @param {unknown} error */
  refused: (error) => `This could not be looked at: ${sentenceOf(error)}`,

  // Tokens

  /** Names that the engine gives to what cannot be seen; all other names are themselves. @type {Record<string, string>} */
  names: { unknown: "unknown" },
  /** @param {string} name */
  quoted: (name) => `“${name}”`,
  /** @param {number} place */
  at: (place) => `token ${count(place)}`,
  /** @param {number} from @param {number} to */
  passage: (from, to) => (from === to ? `token ${count(from)}` : `tokens ${count(from)} to ${count(to)}`),
  /** @param {number} value */
  tokens: (value) => (value >= 1e6 ? "over a million tokens" : value === 1 ? "1 token" : `${value < 10 ? fixed(value, 1) : count(value)} tokens`),
  chosen: "Chosen token",
  layer: "Layer",
  head: "Head",
  allHeads: "all",
  /** @param {number} number */
  layerOf: (number) => `Layer ${number}`,
  /** @param {number} number */
  headOf: (number) => `Head ${number}`,
  equation: "Equation",

  // Surprise

  surprise: {
    heading: "What surprised it",
    about: "The model reads from left to right and gives every token that might come next a probability. The surprise of the token that came is −ln of its probability, so what it expected is pale and what it did not is strong; the mean of all surprises is the loss.",
    name: "Logits",
    equation: "surprise(t) = −ln p(xₜ | x₁ … xₜ₋₁),  p = softmax(rms(x, n_f) W_head)",
    map: "The text, token by token",
    keys: "Choose a token with a tap or the arrow keys: the views below are about it.",
    legend: "Surprise in nats",
    /** In words, the mildest first. */
    bands: ["expected", "likely", "open", "surprising", "very surprising"],
    first: "The first token has nothing before it, so it is not predicted.",
    /** @param {number} loss */
    mean: (loss) => `Mean surprise: ${fixed(loss, 3)} nats per token, as if it chose among ${brief(Number(Math.exp(loss).toPrecision(3)))} equally likely tokens each time.`,
    /** @param {number} probability */
    probability: (probability) => `probability ${percent(probability)}`,
    /** @param {number} value @param {string} words */
    value: (value, words) => `surprise ${fixed(value, 2)} nats: ${words}`,
    /** @param {number} entropy */
    entropy: (entropy) => `before it came, ${fixed(entropy, 2)} nats were to be expected`,
    likeliest: "Likeliest here",
    table: "Table of the tokens",
    columns: ["Place", "Token", "Probability", "Surprise (nats)", "To be expected", "Likeliest"],
  },

  // Recurrent memory

  memory: {
    heading: "What its memory keeps",
    about: "Each head of a layer holds a matrix that fades a little with every token and takes up what the token writes. The bars show after how many tokens about a third (1/e) of its content is left: thick over the whole text, the thin line from the token that fades it fastest to the one that fades it slowest.",
    name: "Recurrent memory (MDI, decay and integration)",
    equation: "hₜ = aₜ hₜ₋₁ + βₜ φ(kₜ) vₜᵀ,  aₜ = exp(−2 softplus(δ) σ(gₜ)),  βₜ = σ(bₜ),  φ(k) = unit(silu(k)),  rₜ = rms(silu(qₜ) hₜ)",
    decays: "How long it remembers",
    /** @param {string} mean @param {string} shortest @param {string} longest */
    decay: (mean, shortest, longest) => `${mean} (${shortest} to ${longest})`,
    /** @param {number} end */
    scale: (end) => `Each bar goes from 1 to ${count(end)} tokens; each mark is ten times the one before.`,

    gates: "Gates, token by token",
    gatesAbout:
      "The write gate β says how strongly a token is written, the decay gate a which share of the memory it leaves as it is. Both lie between 0 and 1; each line fills its own height, whose ends are named.",
    write: "write gate β",
    keep: "decay gate a",
    /** @param {string} name @param {string} low @param {string} high @param {string} here */
    line: (name, low, high, here) => `${name}: ${low} to ${high}, ${here} at the chosen token`,

    recall: "What it gives back",
    recallAbout:
      "What the memory gives at the chosen token is a sum with one term for every token so far. The share is how much of the term points along that sum: shares add up to 100 %, and one below zero pulls the other way.",
    shares: "Shares of what is read",
    others: "all others together",
    /** @param {string} sum */
    total: (sum) => `All shares add up to ${sum}.`,
    nothing: "Nothing is read from it here.",

    written: "What the token writes",
    columns: ["Head", "Write gate β", "Length", "Lasts", "Left at the end"],
    beyond: "beyond the text",
  },

  // Attention

  attention: {
    heading: "What it attends to",
    about: "Beside its memory, a token looks at the nearest tokens one by one, and at older passages through slots: level 1 sums up a block of tokens, each higher level several slots of the one below. One softmax goes over all of them, so the weights add up to 100 %.",
    name: "Long-term memory (HDS, a hierarchy of slots)",
    equation: "ctxₜ = Σⱼ wⱼ vⱼ,  w = softmax(η qₜ·kⱼ + level bias),  j over tokens and slots that t sees",
    levels: "Over the levels",
    ownLevel: "Tokens",
    /** @param {number} level */
    level: (level) => `Level ${level}`,
    unreached: "nothing there yet",
    slots: "Slots and their passages",
    slotsAbout: "Choose a slot to see its passage in the text.",
    noSlots: "No slot is seen from here yet: there are only tokens in reach.",
    shaded: "The text, as the token sees it",
    /** @param {string} memory @param {string} attention */
    lengths: (memory, attention) => `In this layer the recurrent memory gives a vector of length ${memory}, attention one of ${attention}; they are added.`,
  },

  /** Of a GPT, which has nothing else. */
  attentionOnly: {
    about: "A GPT has no memory: a token looks at every token of its window, itself included, one by one, and what is before the window is gone. The weights of one softmax add up to 100 %.",
    name: "Attention of a GPT",
    equation: "ctxₜ = Σⱼ wⱼ vⱼ,  w = softmax(qₜ·kⱼ / √d),  j over the tokens of the window up to t",
  },

  // Switched off

  off: {
    heading: "What each part is worth",
    about: "The text is read once more with one part of the model switched off in all layers, and the loss is compared. A part that raises the loss much when it is missing is one that the model relies on in this text.",
    name: "Block, out",
    equation: "x ← x + ((r + ctx) ⊙ silu(e)) W_o,  off: r = 0, or w = 0 for a level, or for every token but t itself",
    measure: "Measure",
    again: "Measure again",
    /** @param {number} done @param {number} all */
    progress: (done, all) => `${done} of ${all} parts measured`,
    columns: ["Switched off", "Loss", "Difference"],
    nothing: "nothing",
    recurrence: "recurrent memory",
    ownLevel: "all other tokens of the window",
    /** @param {number} level */
    level: (level) => `memory level ${level}`,
    oneToken: "A single token has no loss to compare.",
    /** @param {number} value */
    difference: (value) => `${value < 0 ? "−" : "+"}${fixed(Math.abs(value), 4)}`,
  },
};
