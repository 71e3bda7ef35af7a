/**
 * What the run has learned, as far as counting can tell: which of the text's own predictability its loss has fallen below, and
 * how what it wrote last compares with the text. The engine counts; here it is asked and judged.
 *
 * @import { EngineClient } from "../engine/engine-client.js"
 * @import { Evidence, Share, Yardsticks } from "../engine/engine-types.js"
 * @import { Sample } from "../storage/manifest.js"
 * @import { Session } from "./session.js"
 *
 * A loss to compare with: one that counting the tokens after no, one or two others reaches.
 * @typedef {{ name: "unigram" | "bigram" | "trigram", value: number }} Baseline
 *
 * @typedef {"symbols" | "spelling" | "words" | "grammar" | "meaning"} LearningStage
 *
 * What the last samples show together, and what the text's held-back part shows.
 * @typedef {{ stage: LearningStage, shown: Evidence, held: Evidence, samples: number }} Finding
 */

/** Steps of learning. No count here measures the last one. @type {readonly LearningStage[]} */
export const LEARNING_STAGES = ["symbols", "spelling", "words", "grammar", "meaning"];

/** One sample is too short to judge by; these are about a hundred words. */
const SAMPLES = 4;
/** The fewest words that say anything. */
const FEWEST = 10;

/**
 * Shares of the held-back text's own figures from which on a stage is reached. On Tiny Shakespeare 27 % of the words are known
 * where letters are drawn by the one before, 41 % by the two before, 72 % by three and 91 % by four; 97 % in the held-back part.
 * Its pairs of words are known to 57 %, those of words drawn at random to 30 %.
 */
const SPELLING = 0.35;
const WORDS = 0.8;
const PAIRS = 0.9;

/** A sample copies where this share of it stands in the text in long passages, and twice as much as in the held-back part. */
const COPIED = 0.25;

/** @typedef {"words" | "pairs" | "marks" | "sentences" | "copied"} Count */
const COUNTS = /** @type {Count[]} */ (["words", "pairs", "marks", "sentences", "copied"]);

export class Insights {
  #session;
  /** The text that was asked about, and whom. @type {{ fingerprint: string, client: EngineClient } | null} */ #asked = null;
  /** @type {Yardsticks | null} */ #yardsticks = null;
  /** What each sample shows; null until the engine has said. @type {WeakMap<Sample, Evidence | null>} */ #evidence = new WeakMap();

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /** Asks for what is new. */
  refresh() {
    const { draft, client, phase, busy } = this.#session;
    // While something is under way the engine may hold another text than the draft, or none.
    if (!draft.info || busy || !client?.alive || phase === "starting" || phase === "dead") return;
    const { fingerprint } = draft.info;
    if (this.#asked?.fingerprint !== fingerprint || this.#asked.client !== client) void this.#askText(fingerprint, client);
    if (this.#yardsticks && this.#isOfText) for (const sample of this.#recent) void this.#askSample(sample, client);
  }

  /**
   * Losses to compare with, the highest first. Where a longer context predicts no better, for want of text, it says nothing.
   * @type {Baseline[]}
   */
  get baselines() {
    const { run } = this.#session;
    const entropies = run && !this.#isOfText ? null : this.#yardsticks?.entropies;
    if (!entropies) return [];
    const names = /** @type {const} */ (["uniform", "unigram", "bigram", "trigram"]);
    const end = names.findIndex((name, at) => at > 0 && entropies[name] >= entropies[names[at - 1] ?? name]);
    const useful = /** @type {Baseline["name"][]} */ (names.slice(1, end < 0 ? undefined : end));
    return useful.map((name) => ({ name, value: entropies[name] }));
  }

  /** The last of the baselines that the run's loss is below. */
  get passed() {
    const loss = this.#session.run?.loss ?? null;
    return this.baselines.findLast(({ value }) => loss !== null && loss < value)?.name ?? null;
  }

  /** @returns {Finding | null} null where there is nothing to judge by */
  get finding() {
    const held = this.#yardsticks?.held_back;
    if (!held || !this.#isOfText) return null;
    const known = this.#recent.flatMap((sample) => this.#evidence.get(sample) ?? []);
    const [first, ...others] = known;
    if (!first) return null;
    const shown = others.reduce(together, first);
    return { stage: stageOf(shown, held), shown, held, samples: known.length };
  }

  get #isOfText() {
    const { run, draft } = this.#session;
    return run?.text?.fingerprint === draft.info?.fingerprint && this.#asked?.fingerprint === draft.info?.fingerprint;
  }

  get #recent() {
    return this.#session.run?.samples.slice(0, SAMPLES) ?? [];
  }

  /** @param {string} fingerprint @param {EngineClient} client */
  async #askText(fingerprint, client) {
    const asked = (this.#asked = { fingerprint, client });
    this.#yardsticks = null;
    this.#evidence = new WeakMap();
    const found = await client.ask({ type: "yardsticks" }).catch(() => null);
    if (this.#asked !== asked) return;
    this.#yardsticks = found;
    this.#session.changed();
  }

  /** @param {Sample} sample @param {EngineClient} client */
  async #askSample(sample, client) {
    const evidence = this.#evidence;
    if (evidence.has(sample)) return;
    evidence.set(sample, null);
    const prompt = this.#session.run?.settings?.sample_prompt ?? "";
    const written = sample.text.startsWith(prompt) ? sample.text.slice(prompt.length) : sample.text;
    const found = await client.ask({ type: "evidence", written }).catch(() => null);
    evidence.set(sample, found);
    if (found && evidence === this.#evidence) this.#session.changed();
  }
}

/** @param {Finding} finding whether what it writes is copied more than the text repeats itself */
export const copies = ({ shown, held }) => shareOf(shown.copied) >= Math.max(COPIED, 2 * shareOf(held.copied));

/** @param {Share} share */
export const shareOf = ({ hits, total }) => (total ? hits / total : 0);

/** @param {Evidence} shown @param {Evidence} held @returns {LearningStage} */
function stageOf(shown, held) {
  if (shown.words.total < FEWEST) return "symbols";
  const words = shareOf(shown.words) / (shareOf(held.words) || 1);
  if (words < SPELLING) return "symbols";
  if (words < WORDS) return "spelling";
  return shareOf(shown.pairs) < PAIRS * shareOf(held.pairs) ? "words" : "grammar";
}

/** @param {Evidence} one @param {Evidence} other @returns {Evidence} */
function together(one, other) {
  const sums = COUNTS.map((name) => [name, { hits: one[name].hits + other[name].hits, total: one[name].total + other[name].total }]);
  const longest = (one.longest?.characters ?? 0) >= (other.longest?.characters ?? 0) ? one.longest : other.longest;
  return { ...one, ...Object.fromEntries(sums), longest };
}
