/** @import { Manifest } from "../../storage/manifest.js" */

/** Bytes of a run's states; everything else of it is small. @param {Manifest} run */
export function sizeOf({ states, bestState }) {
  const files = new Map([...states, bestState].flatMap((state) => (state ? [[state.file, state.bytes]] : [])));
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
}
