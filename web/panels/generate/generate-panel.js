/**
 * Writing with the model: a prompt, how it chooses its words, and the text as it comes.
 *
 * @import { Session } from "../../state/session.js"
 */

import { texts } from "../../i18n/index.js";
import { copyText } from "../../ui/clipboard.js";
import { button, element, make, need, onPress, setText, setUsable } from "../../ui/dom.js";

/**
 * @param {{ session: Session }} context
 * @returns {{ render(): void }}
 */
export function createGeneratePanel({ session }) {
  const form = need("write", HTMLFormElement);
  const prompt = need("prompt", HTMLTextAreaElement);
  const written = element("written");
  const generate = button("generate");
  const stop = button("stop-writing");
  /** Where the model's words go. */
  let tail = document.createTextNode("");
  /** What came since the last frame: laid out word by word, a long text would hold up the page. */
  let arrived = "";

  const show = () => {
    if (arrived === "") return;
    // Follows the text only where the person has not scrolled back in it.
    const follows = written.scrollHeight - written.scrollTop - written.clientHeight < 24;
    tail.appendData(arrived);
    arrived = "";
    if (follows) written.scrollTop = written.scrollHeight;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (generate.getAttribute("aria-disabled") === "true") return;
    tail = document.createTextNode("");
    arrived = "";
    written.replaceChildren(make("span", { class: "given", text: prompt.value }), tail);
    written.setAttribute("aria-busy", "true");
    void session.generation.begin(prompt.value, options(form));
  });
  session.generation.onText = (text) => {
    if (arrived === "") requestAnimationFrame(show);
    arrived += text;
  };
  session.generation.onEnd = () => {
    show();
    written.setAttribute("aria-busy", "false");
  };
  // What was said of a prompt does not hold for another.
  prompt.addEventListener("input", () => {
    session.generation.unknown = [];
    renderPrompt(session);
  });
  onPress(stop, () => session.generation.stop());
  onPress(button("copy"), async () => {
    // What the browser does not copy, the person can.
    if (!(await copyText(written.textContent ?? ""))) getSelection()?.selectAllChildren(written);
  });

  return {
    render() {
      const there = session.run !== null && session.phase !== "dead" && !session.leaderPhase;
      setUsable(generate, there && !session.generation.busy, there ? "" : texts.unusable.noModel);
      setUsable(stop, session.generation.busy);
      setUsable(button("copy"), tail.length > 0 && !session.generation.busy);
      renderPrompt(session);
    },
  };
}

/** How far the prompt is read, and what the model cannot see of it. @param {Session} session */
function renderPrompt({ generation: { reading, unknown } }) {
  const read = reading === null ? "" : texts.readingPrompt(Math.floor(20 * reading) / 20);
  setText(element("prompt-state"), read || (unknown.length > 0 ? texts.unknownCharacters(unknown) : ""));
}

/**
 * @param {HTMLFormElement} form
 * @returns {import("../../engine/engine-types.js").GenerateOptions}
 */
function options(form) {
  const value = (/** @type {string} */ name) => {
    const field = form.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field.valueAsNumber : 0;
  };
  return {
    tokens: value("tokens"),
    temperature: value("temperature"),
    top_k: value("top_k"),
    top_p: value("top_p"),
    seed: value("seed"),
    stop: [],
  };
}
