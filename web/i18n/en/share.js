/**
 * “Share” in English; its shape is what every other language has.
 *
 * @import { About } from "../../panels/share/assemble.js"
 * @import { Exported } from "../../panels/share/export.js"
 * @import { Linked } from "../../panels/share/link.js"
 *
 * @typedef {typeof share} ShareTexts
 */

import { sentenceOf } from "../../platform/errors.js";
import { bytes, count, fixed, millions, quoted } from "../format.js";

const packings = { int8: "8 bits a weight (int8)", f16: "16 bits a weight (f16)" };

export const share = {
  // The link

  link: "Link",
  address: "Link to these settings",
  linkWithSample: "Whoever opens it finds these settings, the prompt of the samples, and the sample text.",
  linkWithShakespeare: "Whoever opens it finds these settings and the prompt of the samples, and is asked whether to download Tiny Shakespeare.",
  linkWithoutText: "Whoever opens it finds these settings and the prompt of the samples. Your own text is not in it and stays here.",
  noLink: "A link cannot hold these settings, since the sizes of the model come from a file. Choose tiny, mini or small.",
  copy: "Copy link",
  copied: "Copied.",
  copyByHand: "The browser did not allow it. The link is selected: copy it with Ctrl+C.",
  undo: "Undo",
  useSample: "Use the sample text",
  /** @param {number} size */
  getShakespeare: (size) => `Download Tiny Shakespeare (${bytes(size)})`,
  notNow: () => ({ what: "The link was not opened: a run is under way.", remedy: "Stop it, then open the link again." }),
  unreadable: () => ({ what: "The link cannot be read: it names no model that this page has.", remedy: "Ask for it again; a part may have been lost on the way." }),
  /** @param {Linked} linked @param {boolean} otherText */
  opened: ({ left }, otherText) => ({
    what: `The settings of the link are in place${otherText ? ". It was made with another text than the one here" : ""}.`,
    remedy: left.length > 0 ? `Not taken, because unknown here or out of range: ${left.slice(0, 6).join(", ")}${left.length > 6 ? ", …" : ""}.` : "",
  }),

  // The page that writes

  page: "A page that writes",
  pageHint: "One HTML file with the model in it. It opens with a double click and writes without a connection; nothing is sent anywhere. A model can repeat passages of the text it learned from.",
  packing: "Size of a weight",
  packings,
  export: "Export as a page",
  exporting: "Packing the weights…",
  /** @param {number} done @param {number} total */
  comparing: (done, total) => `Measuring what that costs: ${count(done)} of ${count(total)} passages…`,
  assembling: "Writing the file…",
  /** @param {Exported} made */
  exported: ({ file, name, packing, weights, losses, otherText }) =>
    `${name} (${bytes(file.size)}) is saved. ${packing}: ${bytes(weights)} of weights${losses ? `, loss ${change(losses)}${otherText === null ? "" : ` on ${quoted(otherText)}, the text chosen here, which need not be the one it learned from`}` : "; its loss was not measured, since the text here has nothing to measure it on"}.`,
  /** @param {unknown} error */
  notExported: (error) => `The page was not exported: ${sentenceOf(error)} Try again; a smaller model needs less memory.`,
  safetensors: "“Save checkpoint”, above, gives the whole run as a safetensors file, in 32 bits, to train on here or with the command line.",

  // What the exported page says

  title: "A small language model",
  /** @param {About} about */
  aboutModel: ({ stage, parameters, step }) => `${stage ? `${stage}, ` : ""}${millions(parameters)} parameters, trained for ${count(step)} steps.`,
  temperatureHint: "0 always takes the likeliest; higher is more surprising.",
  noScript: "This page needs JavaScript: the model runs in it.",
  /** @param {About} about */
  cost: ({ packing, weights, losses, unit, ownText }) =>
    `${packings[packing]}, ${bytes(weights)}.${losses ? ` Loss${ownText ? "" : ", on a text that need not be the one it learned from,"} with the weights as they were trained → as they are here: ${change(losses)} nats per ${unit}.` : ""}`,
  footer: "Everything is in this file, and nothing is sent anywhere. Made with MM-Rec.",
  pageWords: { loading: "Loading the model…", ready: "Ready.", writing: "Writing…", failed: "It does not work here. Open the file in a recent browser." },
};

/** @param {[number, number]} losses */
function change([before, after]) {
  return `${fixed(before, 3)} → ${fixed(after, 3)}`;
}
