/**
 * Where texts come from: files, the clipboard, the sample, Tiny Shakespeare. What is clearly no text to train on is refused here,
 * before anything is read; the engine looks at the rest.
 *
 * @import { Read, TextFile } from "../engine/protocol.js"
 * @import { Chosen, SkippedFile } from "../panels/text/chosen-files.js"
 * @import { Complaint } from "../platform/errors.js"
 * @import { RunStore } from "../storage/run-store.js"
 * @import { DraftText } from "./run-draft.js"
 */

import { texts } from "../i18n/index.js";

/** Names of pictures, sounds, films, fonts and packed files, which beside texts need not be read. A type would take TypeScript for a film. */
const NO_TEXT = /\.(avif|bmp|gif|heic|ico|jpe?g|png|tiff?|webp|aac|flac|m4a|mp3|ogg|opus|wav|avi|m4v|mkv|mov|mp4|webm|otf|ttf|woff2?|7z|bz2|gz|rar|xz|zip|zst)$/i;
/** Of the path to a file so many characters are its name. */
const LONGEST = 500;
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

/** Its name is a matter of language: see `nameOf`. @type {DraftText} */
export const sample = { source: { kind: "sample" }, ref: { kind: "sample" }, name: "" };

/** What a text is called. @param {Pick<DraftText, "ref" | "name">} text */
export const nameOf = ({ ref, name }) => (ref.kind === "sample" ? texts.sampleName : name);

/**
 * @param {Chosen} chosen
 * @param {boolean} lossy whether unreadable bytes are replaced
 * @returns {{ text: DraftText, left: SkippedFile[] }} `left`: what is plainly no text beside the others
 */
export function fromFiles({ files, left, folder }, lossy) {
  const whyNot = (/** @type {TextFile} */ { name, blob }) => (NO_TEXT.test(name) ? texts.mediaFile : blob.size > TEXT_LIMIT ? texts.fileTooLarge(blob.size) : "");
  // A single one is refused as a whole, with more to say.
  const kept = files.length > 1 ? files.filter((file) => whyNot(file) === "") : files;
  const more = files.length > 1 ? files.map((file) => ({ name: file.name, why: whyNot(file) })).filter(({ why }) => why !== "") : [];
  const name = titleOf(kept, folder);
  const size = kept.reduce((sum, { blob }) => sum + blob.size, 0);
  if (size > TEXT_LIMIT) throw new Refusal(texts.tooLarge(name, size, TEXT_LIMIT));
  if (kept.length === 0) throw new Refusal(texts.noTextIn([...left, ...more]));
  if (size === 0) throw new Refusal(texts.emptyText(name));
  return { text: fromBlobs(kept, name, lossy, folder), left: [...left, ...more] };
}

/**
 * @param {TextFile[]} files
 * @param {string} folder
 */
function titleOf(files, folder) {
  const [first] = files;
  if (!first || files.length === 1) return (first?.name ?? folder).slice(-LONGEST);
  return folder ? texts.wholeFolder(folder, files.length) : texts.severalFiles(first.name, files.length - 1);
}

/**
 * A text with those of its files that the engine took, in the order in which it read them.
 * @param {DraftText} text
 * @param {Read} read
 * @returns {DraftText}
 */
export function asRead(text, read) {
  const { source, folder = "" } = text;
  if (source.kind !== "files") return text;
  const files = read.files.filter(({ repeated }) => !repeated).flatMap(({ place }) => source.files[place] ?? []);
  return fromBlobs(files, titleOf(files, folder), source.lossy, folder);
}

/** @param {string} text */
export function fromPaste(text) {
  const name = texts.pastedName;
  if (text.trim() === "") throw new Refusal(texts.emptyText(""));
  const blob = new Blob([text]);
  if (blob.size > TEXT_LIMIT) throw new Refusal(texts.tooLarge(name, blob.size, TEXT_LIMIT));
  return fromBlobs([{ name, blob }], name, false);
}

/**
 * A text as the engine once gave it.
 * @param {Blob} blob
 * @param {string} name
 * @returns {DraftText}
 */
export const fromKept = (blob, name) => ({ source: { kind: "kept", name, blob }, ref: { kind: "kept", id: "", name }, name });

/**
 * @param {TextFile[]} files
 * @param {string} name
 * @param {boolean} lossy
 * @param {string} [folder] that they come from
 * @returns {DraftText}
 */
function fromBlobs(files, name, lossy, folder) {
  return { source: { kind: "files", files, lossy }, ref: { kind: "kept", id: "", name }, name, ...(folder && { folder }) };
}

/**
 * From the store, or else from its well-known place, once.
 * @param {RunStore} runStore
 * @param {(done: number, total: number) => void} progress
 * @param {AbortSignal} signal
 */
export async function shakespeare(runStore, progress, signal) {
  const kept = await runStore.shakespeare().catch(() => null);
  if (kept && (await sha256(kept)) === SHAKESPEARE.sha256) return fromBlobs([{ name: SHAKESPEARE.name, blob: kept }], SHAKESPEARE.name, false);
  try {
    const text = await download(progress, signal);
    if ((await sha256(text)) !== SHAKESPEARE.sha256) throw new Error(texts.wrongSum);
    await runStore.saveShakespeare(text).catch(() => {});
    return fromBlobs([{ name: SHAKESPEARE.name, blob: text }], SHAKESPEARE.name, false);
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
