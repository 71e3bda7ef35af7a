/** Numbers, sizes and times as a person reads them. The page is in English, so are these. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** @param {number} value 12345 → "12,345" */
export const count = (value) => whole.format(value);

/** @param {number} value a loss in nats */
export const loss = (value) => (Number.isFinite(value) ? value.toFixed(value < 0.1 ? 4 : 3) : "not a number");

/** @param {number} value 227944 → "0.23 M" */
export const millions = (value) => (value < 1e9 ? `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} M` : `${short.format(value / 1e9)} B`);

/** @param {number} value a learning rate */
export const rate = (value) => (value === 0 ? "0" : String(Number(value.toPrecision(3))));

/** @param {number} part 0.1 → "10 %" */
export const percent = (part) => `${short.format(part * 100)} %`;

/** @param {number} value tokens per second; kept to a few digits so that it does not flicker */
export const speed = (value) => count(value >= 1000 ? Math.round(value / 10) * 10 : value);

/** @param {number} value bytes */
export function bytes(value) {
  if (value < 1000) return `${value} bytes`;
  if (value < 1e6) return `${short.format(value / 1e3)} KB`;
  return `${short.format(value / 1e6)} MB`;
}

/** @param {number} seconds 95 → "1 min 35 s" */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return minutes < 10 ? `${minutes} min ${rounded % 60} s` : `${Math.round(rounded / 60)} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** @param {number} seconds an expectation, which should not pretend to be exact */
export function about(seconds) {
  if (seconds < 5) return "a few seconds";
  if (seconds < 50) return `about ${Math.round(seconds / 5) * 5} seconds`;
  if (seconds < 3600) {
    const minutes = Math.max(1, Math.round(seconds / 60));
    return minutes === 1 ? "about a minute" : `about ${minutes} minutes`;
  }
  const hours = seconds / 3600;
  return hours < 48 ? `about ${short.format(Number(hours.toPrecision(2)))} hours` : `about ${Math.round(hours / 24)} days`;
}
