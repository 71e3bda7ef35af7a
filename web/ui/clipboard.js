/**
 * Puts a text on the clipboard.
 * @param {string} text
 * @returns {Promise<boolean>} whether the browser did; some have no clipboard for pages, others forbid it
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
