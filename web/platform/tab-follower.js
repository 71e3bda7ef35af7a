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
import { openChannel } from "./tab-sync.js";

/** A tab that is being reloaded lets go of the store and takes it again within this time (milliseconds). */
const RELOADING = 5000;
/** A tab that was asked to hand over and does not for this long (milliseconds) hangs. */
const SILENCE = 20_000;

/**
 * What the other tab was doing at last, and its run; that one's text and states are in the store, if anywhere.
 * @typedef {{ phase: TabState["phase"], run: Run | null }} LeaderState
 */

export class TabFollower {
  #session;
  #channel = openChannel();
  /** The other tab, as far as it has told. @type {string | undefined} */ #leader;
  /** @type {"no" | "asked" | "silent" | "refused"} */ #taking = "no";
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #patience;
  /** Ends that this tab is the next to hold the store. */ #heir = new AbortController();
  /** From now on the store is to be this tab's as soon as it is free. @type {() => void} */ #wake = () => {};
  /** Whether the other tab keeps its run in the store. */ #keeps = false;

  /** @param {Session} session which shows the other tab's run meanwhile */
  constructor(session) {
    this.#session = session;
    this.#channel.onmessage = ({ data }) => {
      const message = /** @type {TabMessage} */ (data);
      if ("leader" in message) this.#leader = message.leader;
      if (message.type === "course") this.#show(message.course);
      if (message.type === "staying") this.#refused();
      if (message.type === "leading") this.#led();
    };
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
    const answer = this.#taking === "silent" || this.#taking === "refused" ? texts.following[this.#taking] : what;
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
    // Before the other one lets go of it: a tab that is being loaded just then is not to be faster.
    this.#heir.abort();
    this.#heir = new AbortController();
    bespeakStore(this.#heir.signal);
    this.#wake();
    this.#send({ type: "hand over", to: this.#leader });
    this.#session.changed();
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#taking = "silent";
      this.#session.changed();
    }, SILENCE);
  }

  /** The other tab keeps its run. */
  #refused() {
    this.#waitNoMore();
    if (this.#taking !== "no") this.#taking = "refused";
    this.#session.changed();
  }

  /** Another tab has taken over, which knows nothing of this one. Where both asked, the first to take over stays. */
  #led() {
    this.#waitNoMore();
    this.#taking = "no";
    this.#send({ type: "following" });
    this.#session.changed();
  }

  /** @returns {LeaderState} */
  #forget() {
    const session = this.#session;
    const left = { phase: session.leaderPhase ?? "starting", run: session.run };
    this.#waitNoMore();
    session.unfollow();
    return left;
  }

  #waitNoMore() {
    clearTimeout(this.#patience);
    this.#heir.abort();
  }

  /** @param {TabMessage} message */
  #send(message) {
    this.#channel.postMessage(message);
  }
}
