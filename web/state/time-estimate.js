/**
 * How long a training would take, before it begins.
 *
 * @import { DeviceManager } from "../engine/devices/device-manager.js"
 * @import { Description, Settings } from "../engine/engine-types.js"
 * @import { Session } from "./session.js"
 */

/** Evaluations and samples take their share besides the steps. */
const OVERHEAD = 1.15;

/**
 * Seconds for a step with settings, by what was measured of them; else by the present ones, as if the machine worked at the same rate.
 * @param {Session} session
 * @param {DeviceManager} devices
 * @param {Settings | null} [settings]
 * @param {Description | null} [description] of these
 * @returns {number | null} null where nothing was measured yet
 */
export function secondsPerStep({ draft, client }, { benchmark }, settings = draft.settings, description = draft.description) {
  if (!client || !settings || !description) return null;
  const measured = benchmark.speed(client.device, settings);
  if (measured) return (description.tokens_per_step / measured) * OVERHEAD;
  const present = draft.settings && benchmark.speed(client.device, draft.settings);
  if (!present || !draft.description) return null;
  const share = description.flops_per_step / draft.description.flops_per_step;
  return ((share * draft.description.tokens_per_step) / present) * OVERHEAD;
}

/** A number of steps that is easy to read, at most `steps`. @param {number} steps */
export function roundSteps(steps) {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(steps)) - 1);
  return Math.max(1, Math.floor(steps / unit) * unit);
}
