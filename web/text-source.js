/**
 * Where texts come from: files, the clipboard, the sample, Tiny Shakespeare. What is clearly no text to train on is refused here,
 * before anything is read; the engine looks at the rest.
 *
 * @import { DeskText } from "./desk.js"
 * @import { Keeper } from "./keeper.js"
 * @import { Complaint } from "./errors.js"
 */

import { texts } from "./texts/index.js";

/** The largest text the page takes, in bytes. */
const TEXT_LIMIT = 100_000_000;

export const SHAKESPEARE = {
  /** In every language. */ name: "Tiny Shakespeare",
  address: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
  sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
  bytes: 1_115_394,
};

/** A text that the page does not take, with what to say about it. */
export class Refusal extends Error {
  /** @param {Complaint} complaint */
  constructor(complaint) {
    super(complaint.what);
    this.complaint = complaint;
  }
}

/** Its name is a matter of language: see `nameOf`. @type {DeskText} */
export const sample = { source: { kind: "sample" }, ref: { kind: "sample" }, name: "" };

/** What a text is called. @param {Pick<DeskText, "ref" | "name">} text */
export const nameOf = ({ ref, name }) => (ref.kind === "sample" ? texts.sampleName : name);

/**
 * @param {File[]} files
 * @param {boolean} lossy whether unreadable bytes are replaced
 * @returns {DeskText}
 */
export function fromFiles(files, lossy) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > TEXT_LIMIT) throw new Refusal(texts.tooLarge(size, TEXT_LIMIT));
  if (size === 0) throw new Refusal(texts.emptyText());
  const first = /** @type {File} */ (files[0]);
  const name = files.length === 1 ? first.name : texts.severalFiles(first.name, files.length - 1);
  return fromBlobs(files.map((file) => ({ name: file.name, blob: file })), name, lossy);
}

/** @param {string} text */
export function fromPaste(text) {
  if (text.trim() === "") throw new Refusal(texts.emptyText());
  const blob = new Blob([text]);
  if (blob.size > TEXT_LIMIT) throw new Refusal(texts.tooLarge(blob.size, TEXT_LIMIT));
  return fromBlobs([{ name: texts.pastedName, blob }], texts.pastedName, false);
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export const fromKept = (blob, name) => fromBlobs([{ name, blob }], name, false);

/**
 * @param {{ name: string, blob: Blob }[]} files
 * @param {string} name
 * @param {boolean} lossy
 * @returns {DeskText}
 */
function fromBlobs(files, name, lossy) {
  return { source: { kind: "files", files, lossy }, ref: { kind: "kept", id: "", name }, name };
}

/**
 * From the store, or else from its well-known place, once.
 * @param {Keeper} keeper
 * @param {(done: number, total: number) => void} progress
 * @param {AbortSignal} signal
 */
export async function shakespeare(keeper, progress, signal) {
  const kept = await keeper.shakespeare().catch(() => null);
  if (kept && (await sha256(kept)) === SHAKESPEARE.sha256) return fromKept(kept, SHAKESPEARE.name);
  try {
    const text = await download(progress, signal);
    if ((await sha256(text)) !== SHAKESPEARE.sha256) throw new Error(texts.wrongSum);
    await keeper.keepShakespeare(text).catch(() => {});
    return fromKept(text, SHAKESPEARE.name);
  } catch (error) {
    throw new Refusal(texts.downloadFailed(error));
  }
}

/**
 * @param {(done: number, total: number) => void} progress
 * @param {AbortSignal} signal
 */
async function download(progress, signal) {
  progress(0, SHAKESPEARE.bytes);
  const response = await fetch(SHAKESPEARE.address, { signal, credentials: "omit", referrerPolicy: "no-referrer" });
  if (!response.ok || !response.body) throw new Error(texts.serverAnswered(response.status));
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let done = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (part.value));
    done += part.value.byteLength;
    if (done > SHAKESPEARE.bytes) throw new Error(texts.wrongSum);
    progress(done, SHAKESPEARE.bytes);
  }
  return new Blob(parts);
}

/** @param {Blob} blob */
async function sha256(blob) {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
