/**
 * “Look inside”, unfolded: a text, what the loaded model does with it, and which token and layer the views are about.
 *
 * @import { Reading } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 * @import { View } from "./parts.js"
 */

import { inspect, loadTexts, texts } from "../../i18n/index.js";
import { make, onPress, setText, setUsable } from "../../ui/dom.js";
import { createAblation } from "./ablation.js";
import { createAttention } from "./attention.js";
import { InspectClient } from "./client.js";
import { createMemory } from "./memory.js";
import { nameOf } from "./parts.js";
import { firstText, hasValidation, hasWritten, validationText, writtenText } from "./source.js";
import { createTokenLoss } from "./token-loss.js";

/**
 * The view, with its words and styles.
 * @param {Session} session
 * @param {HTMLElement} body
 */
export async function openView(session, body) {
  await Promise.all([loadTexts("inspect"), loadStyles()]);
  return new InspectView(session, body);
}

function loadStyles() {
  const styles = document.createElement("link");
  styles.rel = "stylesheet";
  styles.href = new URL("./inspect.css", import.meta.url).href;
  return new Promise((resolve, reject) => {
    styles.onload = resolve;
    styles.onerror = reject;
    document.head.append(styles);
  });
}

export class InspectView {
  #session;
  #body;
  #client;
  #open = false;
  #locale = "";
  #area = make("textarea");
  /** What stood there before the person changed it. */ #offered = "";
  /** @type {ReturnType<typeof makeFrame>} */ #frame;
  /** @type {Reading | null} */ #shown = null;
  /** @type {View[]} */ #views = [];

  /**
   * @param {Session} session
   * @param {HTMLElement} body
   */
  constructor(session, body) {
    this.#session = session;
    this.#body = body;
    this.#client = new InspectClient(session, () => this.render());
    this.#frame = this.#build();
  }

  open() {
    this.#open = true;
    if (this.#usable) void this.#first();
  }

  close() {
    this.#open = false;
    this.#client.end();
    this.#show(null);
  }

  render() {
    if (!this.#open) return;
    if (this.#locale !== texts.locale) this.#frame = this.#build();
    const { busy, reading, error, since } = this.#client;
    // Another model took its place: the engine can answer nothing more about this one.
    const gone = reading !== null && since === null;
    if (gone) this.#client.end();
    if (this.#client.reading !== this.#shown) this.#show(this.#client.reading);
    this.#state(busy, error, gone);
    for (const view of this.#views) view.render();
  }

  get #usable() {
    const { run, phase } = this.#session;
    return run !== null && phase !== "dead" && phase !== "starting";
  }

  /** Everything that is there whatever the text, in the language of the page. */
  #build() {
    this.#locale = texts.locale;
    this.#shown = null;
    this.#views = [];
    const frame = makeFrame(this.#area);
    onPress(frame.look, () => (this.#area.value === "" ? void this.#first() : this.#read()));
    onPress(frame.again, () => this.#read());
    onPress(frame.written, () => this.#use(writtenText()));
    onPress(frame.validation, () => void this.#ask(async () => this.#use(await validationText(this.#session))));
    this.#body.replaceChildren(frame.root);
    return frame;
  }

  /** Looks at what the person chose before, or at what is there. */
  async #first() {
    await this.#ask(async () => {
      if (this.#area.value === this.#offered) this.#area.value = this.#offered = await firstText(this.#session);
      if (this.#open) this.#read();
    });
  }

  /** @param {string} text */
  #use(text) {
    this.#area.value = text;
    this.#read();
  }

  #read() {
    if (this.#usable) void this.#client.read(this.#area.value);
  }

  /** Something is asked besides: what goes wrong with it is told in the same place. @param {() => Promise<void>} task */
  async #ask(task) {
    try {
      await task();
    } catch (error) {
      setText(this.#frame.problem, inspect.refused(error));
    }
  }

  /** @param {Reading | null} reading */
  #show(reading) {
    this.#shown = reading;
    const { views } = this.#frame;
    const memory = reading && reading.decays.length > 0 ? [createMemory] : [];
    this.#views = reading ? [createTokenLoss, makePicker, ...memory, createAttention, createAblation].map((create) => create(this.#client, reading)) : [];
    views.replaceChildren(...this.#views.map((view) => view.root));
  }

  /**
   * @param {boolean} busy
   * @param {unknown} error
   * @param {boolean} gone
   */
  #state(busy, error, gone) {
    const { look, again, written, validation, state, problem, since } = this.#frame;
    const { reading, step } = this.#client;
    setUsable(look, this.#usable && !busy, this.#usable ? "" : texts.unusable.noModel);
    setUsable(written, this.#usable && !busy && hasWritten(), inspect.nothingWritten);
    setUsable(validation, this.#usable && !busy && hasValidation(this.#session), inspect.noValidation);
    setText(problem, error === null ? "" : inspect.refused(error));
    const idle = this.#usable ? "" : `${texts.unusable.noModel}.`;
    setText(state, busy ? inspect.reading : reading ? inspect.read(reading.tokens.length, step) : idle);
    const steps = reading ? this.#client.since : 0;
    const said = gone ? inspect.gone : steps ? inspect.learned(steps) : "";
    if (gone || reading || busy) setText(since, busy ? "" : said);
    again.hidden = since.textContent === "";
  }
}

/**
 * The field for the text, its buttons, and what is said about them.
 * @param {HTMLTextAreaElement} area
 */
function makeFrame(area) {
  area.rows = 3;
  area.spellcheck = false;
  area.translate = false;
  const look = make("button", { class: "primary", text: inspect.look });
  const [written, validation, again] = [inspect.written, inspect.validation, inspect.again].map((text) => make("button", { text }));
  const [state, problem, since] = [make("p", { class: "hint" }), make("p", { class: "problem" }), make("span")];
  state.setAttribute("role", "status");
  problem.setAttribute("role", "alert");
  const label = make("label", { class: "wide", text: `${inspect.text} ` }, area);
  const views = make("div", { class: "views" });
  const root = make(
    "div",
    {},
    label,
    make("div", { class: "row" }, look, written, validation),
    make("div", { class: "state" }, state, make("p", { class: "hint" }, since), again),
    problem,
    views,
  );
  return { root, look, written, validation, again, state, problem, since, views };
}

/**
 * Which token the views below are about, and in which layer and head.
 * @param {InspectClient} client
 * @param {Reading} reading
 * @returns {View}
 */
function makePicker(client, reading) {
  const layers = select(inspect.layer, numbered(reading.layers));
  const heads = select(inspect.head, [["", inspect.allHeads], ...numbered(reading.heads)]);
  layers.field.addEventListener("change", () => client.choose({ layer: Number(layers.field.value) }));
  heads.field.addEventListener("change", () => client.choose({ head: heads.field.value === "" ? null : Number(heads.field.value) }));
  const name = make("strong");
  const place = make("span");
  return {
    root: make("div", { class: "picker" }, make("p", {}, `${inspect.chosen}: `, name, " ", place), layers.label, heads.label),
    render() {
      const token = reading.tokens[client.token];
      setText(name, token ? nameOf(token) : "");
      setText(place, inspect.at(client.token + 1));
      layers.field.value = String(client.layer);
      heads.field.value = client.head === null ? "" : String(client.head);
    },
  };
}

/** Choices from 0 on, which people count from 1. @param {number} count */
const numbered = (count) => Array.from({ length: count }, (_, at) => /** @type {[string, string]} */ ([String(at), String(at + 1)]));

/**
 * @param {string} name
 * @param {[string, string][]} choices value and text
 */
function select(name, choices) {
  const options = choices.map(([value, text]) => Object.assign(make("option", { text }), { value }));
  const field = make("select", {}, ...options);
  field.autocomplete = "off";
  return { field, label: make("label", { text: `${name} ` }, field) };
}
