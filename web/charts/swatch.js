/**
 * A piece of the line that a run is drawn with.
 *
 * @import { Look } from "./comparison.js"
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Look | null} look null for the run on the page
 * @returns {SVGElement}
 */
export function swatch(look) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "swatch");
  picture.setAttribute("viewBox", "0 0 40 14");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", look ? "M0 7h24" : "M0 7h40");
  line.setAttribute("stroke-dasharray", look ? look.dash.join(" ") : "none");
  picture.append(line);
  picture.style.color = `var(${look ? look.colour : "--train"})`;
  if (look) {
    const letter = document.createElementNS(SVG, "text");
    letter.setAttribute("x", "28");
    letter.setAttribute("y", "12");
    letter.textContent = look.letter;
    picture.append(letter);
  }
  return picture;
}
