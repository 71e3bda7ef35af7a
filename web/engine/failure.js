/**
 * What a worker tells of an error.
 *
 * @import { Failure } from "./protocol.js"
 */

/** A module that traps and cannot get this many more pages of 64 KiB, or holds more than `LARGE` bytes, was out of memory. */
const ROOM = 4096;
const LARGE = 2 ** 31;

/**
 * @param {unknown} error
 * @param {object} [options]
 * @param {WebAssembly.Memory} [options.memory] what its module works in
 * @param {boolean} [options.fatal] nothing of this engine may be used again
 * @returns {Failure}
 */
export function failureOf(error, { memory, fatal = false } = {}) {
  // A trap leaves the module's memory in an unknown state.
  const trapped = error instanceof WebAssembly.RuntimeError;
  const message = error instanceof Error ? error.message : String(error);
  return { message, fatal: fatal || trapped, memory: outOfMemory(error, trapped || /RuntimeError/.test(message), memory) };
}

/**
 * @param {unknown} error
 * @param {boolean} trapped
 * @param {WebAssembly.Memory} [memory]
 */
function outOfMemory(error, trapped, memory) {
  if (error instanceof RangeError) return /memory|allocation/i.test(error.message);
  if (!trapped || !memory) return false;
  try {
    memory.grow(ROOM);
    return memory.buffer.byteLength > LARGE;
  } catch {
    return true;
  }
}
