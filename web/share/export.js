/**
 * A model as one HTML file that writes from a disk, without a connection. A worker of its own packs the weights and measures what
 * that costs, so that a training under way is not held up.
 *
 * @import { Precision } from "../engine-types.js"
 * @import { Snapshot } from "../protocol.js"
 * @import { Session } from "../session.js"
 *
 * @typedef {{ file: Blob, name: string, precision: Precision, weights: number, losses: [number, number] | null }} Exported
 */

import { EngineClient } from "../engine-client.js";
import { share } from "../texts/index.js";
import { assemble } from "./assemble.js";

/**
 * @param {Session} session
 * @param {Snapshot} snapshot of the model
 * @param {{ precision: Precision, prompt: string, report: (text: string) => void, signal: AbortSignal }} options
 * @returns {Promise<Exported>}
 */
export async function exportPage({ run, desk, unit }, snapshot, { precision, prompt, report, signal }) {
  const model = { stage: run?.stage ?? null, parameters: run?.parameters ?? 0, step: snapshot.step };
  const client = await EngineClient.open("cpu", signal);
  signal.addEventListener("abort", () => client.close());
  try {
    await client.ask({ type: "read", source: desk.text.source });
    // A text that cannot be trained on has nothing to compare with, either.
    await client.ask({ type: "prepare", options: desk.options }).catch(() => null);
    const { bytes } = await client.ask({ type: "pack", bytes: snapshot.bytes, precision });
    const losses = await compare(client, report);
    report(share.assembling);
    const file = await assemble(bytes, { ...model, precision, weights: bytes.length, losses, unit, prompt });
    signal.throwIfAborted();
    return { file, name: `mmrec-${model.stage ?? "model"}-step${model.step}-${precision}.html`, precision, weights: bytes.length, losses };
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
