/**
 * Sliders below number fields: a few sensible values to try quickly; the field takes all others. Each goes with its field, which has
 * the value.
 */

import * as format from "../i18n/format.js";
import { texts } from "../i18n/index.js";

/**
 * What a slider is called and counts are keys of `texts.markup`.
 * @typedef {{ name: keyof import("../i18n/en/page.js").Texts["markup"], unit?: keyof import("../i18n/en/page.js").Texts["markup"], stops: number[] }} Sliding
 */

/** By the name of the field. @type {Record<string, Sliding>} */
const SLIDERS = {
  steps: { name: "steps", stops: decades([1, 2, 3, 5, 7], 10, 100_000) },
  lr: { name: "learningRate", stops: decades([1, 1.5, 2, 3, 4, 6, 8], 0.0001, 0.1) },
  context: { name: "context", unit: "unitTokens", stops: [16, 32, 64, 128, 256, 512, 1024] },
  batch: { name: "batch", unit: "unitPassages", stops: [1, 2, 4, 8, 16, 32, 64] },
  vocab: { name: "vocabularySize", unit: "unitTokens", stops: [512, 1024, 2048, 4096, 8192, 16_384, 32_768] },
  dropout: { name: "dropout", stops: [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5] },
};

/**
 * @param {HTMLFormElement} form
 * @returns {{ render(): void }}
 */
export function offerSliders(form) {
  const sliders = Object.entries(SLIDERS).map(([name, sliding]) => slide(form, name, sliding));
  return {
    render() {
      for (const render of sliders) render();
    },
  };
}

/**
 * @param {HTMLFormElement} form
 * @param {string} field
 * @param {Sliding} sliding
 */
function slide(form, field, { name, unit, stops }) {
  const number = form.elements.namedItem(field);
  const slider = number instanceof HTMLInputElement ? number.nextElementSibling : null;
  if (!(number instanceof HTMLInputElement && slider instanceof HTMLInputElement)) throw new Error(`index.html lacks the slider of ${field}`);
  Object.assign(slider, { min: "0", max: String(stops.length - 1), step: "1" });

  const render = () => {
    const value = number.valueAsNumber;
    const at = String(nearest(stops, value));
    slider.disabled = number.disabled;
    if (slider.value !== at) slider.value = at;
    slider.setAttribute("aria-label", texts.markup[name]);
    const spoken = value >= 1000 ? format.count(value) : format.rate(value);
    slider.setAttribute("aria-valuetext", unit ? `${spoken} ${texts.markup[unit]}` : spoken);
  };
  slider.addEventListener("input", () => {
    number.value = String(stops[slider.valueAsNumber]);
    render();
  });
  number.addEventListener("input", render);
  // The field tells the form, as if the person had written there.
  slider.addEventListener("change", () => number.dispatchEvent(new Event("change", { bubbles: true })));
  return render;
}

/** The place of the stop that is nearest to a value, by their ratio. @param {number[]} stops @param {number} value */
function nearest(stops, value) {
  const height = (/** @type {number} */ of) => (stops[0] === 0 ? of : Math.log(of));
  const distances = stops.map((stop) => Math.abs(height(stop) - height(value)));
  return Math.max(0, distances.indexOf(Math.min(...distances)));
}

/** @param {number[]} digits @param {number} least @param {number} most */
function decades(digits, least, most) {
  const found = [];
  for (let unit = least; unit < most * 0.99; unit *= 10) found.push(...digits.map((digit) => Number((digit * unit).toPrecision(2))));
  return [...found, most];
}
