/**
 * A model as one HTML file that writes from a disk, without a connection. A worker of its own packs the weights and measures what
 * that costs, so that a training under way is not held up.
 *
 * @import { EngineClient } from "../../engine/engine-client.js"
 * @import { Packing } from "../../engine/engine-types.js"
 * @import { Snapshot } from "../../engine/protocol.js"
 * @import { Session } from "../../state/session.js"
 *
 * @typedef {object} Exported
 * @property {Blob} file
 * @property {string} name
 * @property {Packing} packing
 * @property {number} weights bytes
 * @property {[number, number] | null} losses with the weights as they were, and as they are in the file
 * @property {string | null} otherText the name of the text that those are of, where it is not known to be the model's own
 */

import { openWorker } from "../../engine/page-worker.js";
import { share } from "../../i18n/index.js";
import { nameOf } from "../../state/text-source.js";
import { assemble } from "./assemble.js";

/**
 * @param {Session} session
 * @param {Snapshot} snapshot of the model
 * @param {{ packing: Packing, prompt: string, report: (text: string) => void, signal: AbortSignal }} options
 * @returns {Promise<Exported>}
 */
export async function exportPage({ run, draft, unit, resumable }, snapshot, { packing, prompt, report, signal }) {
  const otherText = resumable ? null : nameOf(draft.text);
  const source = draft.text.source;
  const model = { stage: run?.stage ?? null, parameters: run?.parameters ?? 0, step: snapshot.step };
  const client = await openWorker("cpu", signal);
  signal.addEventListener("abort", () => client.close());
  try {
    await client.ask({ type: "read", source });
    // A text that cannot be trained on has nothing to compare with, either.
    await client.ask({ type: "prepare", options: draft.options }).catch(() => null);
    const { bytes } = await client.ask({ type: "pack", bytes: snapshot.bytes, packing });
    const losses = await compare(client, report);
    report(share.assembling);
    const file = await assemble(bytes, { ...model, packing, weights: bytes.length, losses, unit, ownText: otherText === null, prompt });
    signal.throwIfAborted();
    return { file, name: `mmrec-${model.stage ?? "model"}-step${model.step}-${packing}.html`, packing, weights: bytes.length, losses, otherText };
  } finally {
    client.close();
  }
}

/**
 * @param {EngineClient} client
 * @param {(text: string) => void} report
 */
async function compare(client, report) {
  for (;;) {
    const { done, total, losses } = await client.ask({ type: "compare" });
    if (done === total) return losses;
    report(share.comparing(done, total));
  }
}
