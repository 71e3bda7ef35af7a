/**
 * @template T
 * @param {Promise<T>} task
 * @param {number} patience in milliseconds
 * @returns {Promise<T>} the same, unless it takes longer
 */
export function inTime(task, patience) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("too late")), patience)));
  return Promise.race([task, late]).finally(() => clearTimeout(timer));
}
