/**
 * A seed as it is said: a number, or its digits where it is longer than JavaScript's numbers, as those of the command line may be.
 *
 * @param {string} said
 * @returns {number | string | null} null where it is no whole number
 */
export function seedOf(said) {
  if (!/^\d{1,20}$/.test(said)) return null;
  const number = Number(said);
  return Number.isSafeInteger(number) ? number : said;
}
