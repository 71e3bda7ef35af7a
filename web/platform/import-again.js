/**
 * Loading a part of the page that may have failed before. A browser may remember that it could not fetch a module, for as long as the
 * page lives (HTML's module map does; some forget it); so another try asks for it under another address. What that module imports in
 * turn is asked for as ever.
 */

/** How often what could not be fetched was tried again, by its address. @type {Map<string, number>} */
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
    const tried = tries.get(address);
    tries.set(address, (tried ?? 0) + 1);
    if (tried === undefined) throw error;
    return await import(`${address}?again=${tried}`);
  }
}
