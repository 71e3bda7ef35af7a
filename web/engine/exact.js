/**
 * Whole numbers that are longer than JavaScript's, as seeds of the command line may be: they travel as text, digit by digit.
 *
 * @param {string} digits
 * @returns {number | string}
 */
export function wholeNumber(digits) {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

/** Whether a text is a whole number and nothing else. @param {string} said */
export const isWhole = (said) => /^\d{1,20}$/.test(said);
