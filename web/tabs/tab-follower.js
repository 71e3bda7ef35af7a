/**
 * A tab that follows another: it shows the other's run as it goes, changes nothing, and takes over when the other one is closed or
 * the person wants it here. Loaded only where there is another tab.
 *
 * @import { Session } from "../state/session.js"
 * @import { TabState, TabMessage } from "./tab-sync.js"
 */

import { texts } from "../i18n/index.js";
import { Run } from "../state/run.js";
import { sample } from "../state/text-source.js";
import { bespeakStore, claimStore, storeFree } from "../storage/store.js";
import { button, element, onPress, setText, setUsable } from "../ui/dom.js";
import { listen, openChannel } from "./tab-sync.js";

/** A tab that is being reloaded lets go of the store and takes it again within this time (milliseconds). */
const RELOADING = 5000;
/** A tab that was asked to hand over and does not for this long (milliseconds) hangs. */
const SILENCE = 20_000;

/**
 * What the other tab was doing at last, and its run, if it has one that is kept; that one's text and states are in the store.
 * @typedef {{ phase: TabState["phase"], run: Pick<Run, "id" | "step"> | null }} LeaderState
 */

export class TabFollower {
  #session;
  #channel = openChannel();
  /** The other tab, as far as it has told. @type {string | undefined} */ #leader;
  /** @type {"no" | "asked" | "silent" | "unkept" | "busy"} */ #taking = "no";
  /** Whether the store is wanted, and no leader was known to be asked for it. */ #unasked = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #patience;
  /** Ends that this tab is the next to hold the store. */ #heir = new AbortController();
  /** From now on the store is to be this tab's as soon as it is free. @type {() => void} */ #wake = () => {};
  /** Whether the other tab keeps its run in the store. */ #keeps = false;
  /** What was seen here when it was to take over: the other tab may be loaded again before it hands over. @type {LeaderState | null} */ #wanted = null;

  /** @param {Session} session which shows the other tab's run meanwhile */
  constructor(session) {
    this.#session = session;
    listen(this.#channel, (message) => {
      if ("leader" in message) this.#leader = message.leader;
      if (message.type === "course") this.#show(message.course);
      if (message.type === "staying") this.#refused(message.reason ?? "unkept");
      if (message.type === "leading") this.#led(message.taken ?? false);
      if (this.#unasked && this.#leader) this.#ask();
    });
    onPress(button("take-over"), () => this.#take());
  }

  /**
   * Follows for as long as there is another tab to follow.
   * @returns {Promise<LeaderState>}
   */
  async untilFree() {
    element("following").hidden = false;
    this.#session.follow();
    this.render();
    this.#send({ type: "following" });
    while (!(await this.#vacant())) this.#send({ type: "following" });
    element("following").hidden = true;
    this.#channel.close();
    return this.#forget();
  }

  render() {
    const { leaderPhase, run } = this.#session;
    if (!leaderPhase) return;
    const what = leaderPhase === "running" ? texts.following.running : texts.following.idle;
    const answer = this.#taking === "no" || this.#taking === "asked" ? what : texts.following[this.#taking];
    setText(element("following-text"), answer);
    setText(button("take-over"), this.#taking === "asked" ? texts.following.taking : texts.markup.takeOver);
    setUsable(button("take-over"), this.#taking !== "asked" && (this.#keeps || !run));
  }

  /** @param {TabState} course */
  #show({ phase, lasting, settings, info, name, ref, run, curve }) {
    this.#keeps = lasting;
    this.#session.follow(phase, run && Run.fromMessage(run, curve), { settings, info, text: { ...sample, name, ref } });
  }

  /** Whether the store is this tab's now; waits for it. */
  async #vacant() {
    // A tab that hands over comes back at once: it must not find the store free.
    if (await storeFree(() => this.#taking === "asked" || this.#taking === "silent")) return true;
    const woken = await new Promise((resolve) => {
      this.#wake = () => resolve(true);
      setTimeout(() => resolve(false), RELOADING);
    });
    return !woken && claimStore();
  }

  #take() {
    this.#taking = "asked";
    this.#wanted = this.#seen();
    // Before the other one lets go of it: a tab that is being loaded just then is not to be faster.
    this.#heir.abort();
    this.#heir = new AbortController();
    bespeakStore(this.#heir.signal);
    this.#wake();
    this.#ask();
    this.#session.changed();
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#taking = "silent";
      this.#session.changed();
    }, SILENCE);
  }

  /** Asks the leader for the store, by its name: another one, that leads by the time this is heard, is not meant. */
  #ask() {
    this.#unasked = !this.#leader;
    if (this.#leader) this.#send({ type: "hand over", to: this.#leader });
    else this.#send({ type: "following" });
  }

  /** The other tab keeps what it has. @param {"unkept" | "busy"} reason */
  #refused(reason) {
    this.#waitNoMore();
    if (this.#taking !== "no") this.#taking = reason;
    this.#session.changed();
  }

  /**
   * There is another leader, which knows nothing of this tab.
   * @param {boolean} taken whether it was handed over to. Where both asked, the first one stays. Else the one that was asked is back.
   */
  #led(taken) {
    this.#send({ type: "following" });
    if (!taken && (this.#taking === "asked" || this.#taking === "silent")) return this.#ask();
    this.#waitNoMore();
    this.#taking = "no";
    this.#session.changed();
  }

  /** @returns {LeaderState} */
  #forget() {
    const seen = this.#seen();
    const wanted = this.#taking === "no" ? null : this.#wanted;
    this.#waitNoMore();
    this.#session.unfollow();
    return seen.run ? seen : (wanted ?? seen);
  }

  /** @returns {LeaderState} */
  #seen() {
    const { leaderPhase, run } = this.#session;
    // A model without settings was opened from a file, and is there still.
    return { phase: leaderPhase ?? "starting", run: run?.settings ? run : null };
  }

  #waitNoMore() {
    this.#unasked = false;
    clearTimeout(this.#patience);
    this.#heir.abort();
  }

  /** @param {TabMessage} message */
  #send(message) {
    this.#channel.postMessage(message);
  }
}
