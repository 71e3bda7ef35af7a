/**
 * What depends on the kind of a tokenizer.
 *
 * @import { TokenizerKind } from "./engine-types.js"
 */

/** Whether somebody chooses how many tokens it has at most. @param {TokenizerKind | undefined} kind */
export const hasChosenVocab = (kind) => kind === "bpe";

/** @param {TokenizerKind | undefined} kind */
export const tokensAreCharacters = (kind) => kind === "char";
