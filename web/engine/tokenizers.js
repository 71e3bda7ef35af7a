/**
 * What depends on the kind of a tokenizer.
 *
 * @import { TokenizerKind } from "./engine-types.js"
 */

/** Those that learn their tokens from the text, where a setting says how many at most. @param {TokenizerKind | undefined} kind */
export const hasChosenVocab = (kind) => kind === "bpe";

/** Those of which every token is a character. @param {TokenizerKind | undefined} kind */
export const hasCharacters = (kind) => kind === "char";
