/**
 * Loading a part of the page that may have failed before. A browser may remember that it could not fetch a module, for as long as the
 * page lives (HTML's module map does; some forget it); so another try asks for it under another address. What that module imports in
 * turn is asked for as ever.
 */

/** Under what number the next try asks for what could not be fetched, by its address. @type {Map<string, number>} */
const tries = new Map();

/**
 * @template Module
 * @param {() => Promise<Module>} load imports the module
 * @returns {Promise<Module>}
 */
export async function importAgain(load) {
  try {
    return await load();
  } catch (error) {
    // Chromium and Firefox name it.
    const [address] = /https?:\/\/\S+\.js/.exec(String(error)) ?? [];
    if (!address) throw error;
    const next = tries.get(address);
    if (next === undefined) {
      tries.set(address, 1);
      throw error;
    }
    // One that works is the module from then on, and is not fetched once more.
    return import(`${address}?again=${next}`).catch((again) => {
      tries.set(address, next + 1);
      throw again;
    });
  }
}
