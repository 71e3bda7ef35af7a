/**
 * What is wiser not to begin, and what would be better: a training that does not fit into memory, that takes hours, that wants more
 * text than there is, or that sees its text too often.
 *
 * @import { DeviceManager } from "../../engine/devices/device-manager.js"
 * @import { Settings } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 *
 * A better choice, with what it takes where that is the point.
 * @typedef {{ change: Partial<Settings>, seconds?: number, memory?: number }} Choice
 * @typedef {{ kind: "memory" | "short" | "long" | "passes", amount: number, choices: Choice[] }} Advice
 */

import { roundSteps, secondsPerStep } from "../../state/time-estimate.js";

/** A training longer than this is asked about (seconds). */
const LONG = 3600;
/** A text that is seen more often than this is learned by heart; with dropout, more often than twice this. */
const PASSES = 50;
/** How often is better, and the dropout that helps small texts. */
export const FEWER_PASSES = 20;
export const DROPOUT = 0.2;
/** A shorter context than this learns nothing worth having. */
const SHORTEST = 8;

/**
 * @param {Session} session
 * @param {DeviceManager} devices
 * @returns {Promise<Advice[]>} the worst first
 */
export async function adviceOn(session, devices) {
  const { draft } = session;
  const { settings, description, problem } = draft;
  if (!settings) return [];
  if (problem?.where === "text") return shortText(session, settings);
  if (!description) return [];
  if (problem) return draft.fits(description) ? [] : [{ kind: "memory", amount: description.memory, choices: await fitting(session, settings) }];
  return [...(await lasting(session, devices, settings)), ...repeating(session, settings)];
}

/** @param {Session} session @param {Settings} settings @returns {Promise<Advice[]>} */
async function shortText({ draft }, settings) {
  const longest = await draft.longestContext();
  if (longest === null || longest < SHORTEST || longest >= settings.context) return [];
  return [{ kind: "short", amount: longest, choices: [{ change: { context: 2 ** Math.floor(Math.log2(longest)) } }] }];
}

/**
 * Of every way to save memory the mildest change that is enough.
 * @param {Session} session
 * @param {Settings} settings
 */
async function fitting({ draft }, settings) {
  const { batch, context, recompute, stage } = settings;
  /** @type {Partial<Settings>[][]} */
  const ways = [
    recompute ? [] : [{ recompute: true }],
    halves(batch, 1).map((fewer) => ({ batch: fewer })),
    halves(context, 64).map((shorter) => ({ context: shorter })),
    draft.smallerThan(stage).map((smaller) => ({ stage: smaller })),
  ];
  /** @type {Choice[]} */
  const choices = [];
  for (const way of ways) {
    for (const change of way) {
      const described = await draft.describe(draft.changed(change));
      if (!draft.fits(described)) continue;
      choices.push({ change, memory: described.memory });
      break;
    }
  }
  return choices;
}

/** Half a number, a quarter, and so on. @param {number} from @param {number} least */
function halves(from, least) {
  const found = [];
  for (let half = Math.floor(from / 2); half >= least; half = Math.floor(half / 2)) found.push(half);
  return found;
}

/** @param {Session} session @param {DeviceManager} devices @param {Settings} settings @returns {Promise<Advice[]>} */
async function lasting(session, devices, settings) {
  const { draft } = session;
  const pace = secondsPerStep(session, devices);
  if (pace === null || pace * settings.steps <= LONG) return [];
  const steps = roundSteps(LONG / pace);
  /** @type {Choice[]} */
  const choices = steps >= 100 ? [{ change: { steps }, seconds: steps * pace }] : [];
  const [smaller] = draft.smallerThan(settings.stage);
  if (smaller) {
    const change = { stage: smaller, steps: settings.steps };
    const other = draft.changed(change);
    const otherPace = secondsPerStep(session, devices, other, await draft.describe(other));
    if (otherPace) choices.push({ change, seconds: otherPace * settings.steps });
  }
  return [{ kind: "long", amount: pace * settings.steps, choices }];
}

/** @param {Session} session @param {Settings} settings @returns {Advice[]} */
function repeating({ draft }, { steps, dropout }) {
  const { info, description } = draft;
  if (!info || !description) return [];
  const pass = info.train_tokens / description.tokens_per_step;
  const passes = steps / pass;
  const dropping = dropout >= DROPOUT / 2;
  if (passes <= (dropping ? 2 * PASSES : PASSES)) return [];
  const fewer = { change: { steps: roundSteps(Math.max(1, FEWER_PASSES * pass)) } };
  const more = !dropping && passes <= 2 * PASSES ? [{ change: { dropout: DROPOUT } }] : [];
  return [{ kind: "passes", amount: passes, choices: [...more, fewer] }];
}
