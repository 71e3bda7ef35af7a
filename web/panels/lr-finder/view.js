/**
 * “Find a learning rate”, unfolded: begins a search and shows how the loss goes with the rate, as a chart and in words.
 *
 * @import { Change } from "../../app.js"
 * @import { TriedRate } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 */

import { texts } from "../../i18n/index.js";
import { make, onPress, setText, setUsable } from "../../ui/dom.js";
import { LrChart } from "./chart.js";
import { LrSearch } from "./search.js";

export class LrFinderView {
  #session;
  #change;
  #intro = make("p", { class: "hint" });
  #begin = make("button");
  #stop = make("button");
  #use = make("button", { class: "primary" });
  #state = make("p", { class: "hint" });
  #place = make("div", { class: "plot small" });
  #chart;
  /** @type {LrSearch | null} */ #search = null;

  /**
   * @param {{ session: Session, change: Change }} context
   * @param {HTMLElement} body
   */
  constructor({ session, change }, body) {
    this.#session = session;
    this.#change = change;
    this.#place.setAttribute("role", "img");
    this.#state.setAttribute("role", "status");
    this.#state.id = "rate-result";
    this.#place.setAttribute("aria-describedby", this.#state.id);
    onPress(this.#begin, () => this.#start());
    onPress(this.#stop, () => this.#search?.stop());
    onPress(this.#use, () => this.#take());
    body.replaceChildren(this.#intro, this.#place, this.#state, make("div", { class: "row" }, this.#begin, this.#stop, this.#use));
    this.#place.hidden = true;
    this.#chart = new LrChart(this.#place);
  }

  close() {
    this.#search?.stop();
  }

  render() {
    const { draft, active, busy } = this.#session;
    const search = this.#search;
    const running = search?.state === "running";
    setText(this.#intro, texts.rate.intro);
    setText(this.#begin, search ? texts.rate.again : texts.rate.begin);
    setUsable(this.#begin, draft.ready && !active && !busy && !running, active ? texts.lockedWhileRunning : draft.complaint);
    setText(this.#stop, texts.rate.stop);
    // Whoever stopped it stands where it can be begun again.
    if (!running && document.activeElement === this.#stop) this.#begin.focus();
    this.#stop.hidden = !running;
    this.#place.setAttribute("aria-label", texts.rate.chart);
    this.#place.hidden = !search;
    setText(this.#state, search ? describe(search) : "");
    const suggestion = search?.suggestion ?? null;
    this.#use.hidden = suggestion === null;
    if (suggestion !== null) setText(this.#use, texts.rate.use(suggestion));
    setUsable(this.#use, !active && !busy, texts.lockedWhileRunning);
    if (search) this.#chart.draw(search, suggestion);
  }

  #start() {
    this.#search = new LrSearch(this.#session, () => this.render());
    this.render();
    this.#stop.focus();
  }

  #take() {
    const lr = this.#search?.suggestion;
    if (lr) void this.#change({ lr });
  }
}

/** @param {LrSearch} search */
function describe({ state, trials, plan, suggestion, error }) {
  const last = trials.at(-1);
  if (state === "failed") return texts.rate.failed(error);
  if (state === "running") return texts.rate.trying(trials.length, plan?.trials ?? 0, last?.rate ?? null);
  if (state === "stopped") return texts.rate.stopped;
  const [first] = trials;
  if (!first || !last || suggestion === null) return texts.rate.none;
  const lowest = trials.reduce((best, trial) => (trial.loss < best.loss ? trial : best));
  return texts.rate.result({ first: first.loss, lowest, broke: broke(trials, lowest), suggestion });
}

/** The rate from which on the loss is worse than at the beginning. @param {TriedRate[]} trials @param {TriedRate} lowest */
function broke(trials, lowest) {
  const first = /** @type {TriedRate} */ (trials[0]);
  return trials.find(({ rate, loss }) => rate > lowest.rate && loss > first.loss)?.rate ?? null;
}
