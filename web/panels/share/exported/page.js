/**
 * The script of an exported page: it hands module and weights to a worker, and shows what that writes.
 */

(() => {
  /** @typedef {import("../../../engine/protocol.js").FromExported} FromExported */

  /**
   * @template {HTMLElement} T
   * @param {string} id
   * @param {new () => T} kind
   */
  const need = (id, kind) => {
    const found = document.getElementById(id);
    if (!(found instanceof kind)) throw new Error(`The page lacks #${id}.`);
    return found;
  };
  const [state, written] = [need("state", HTMLElement), need("written", HTMLElement)];
  const [generate, stop] = [need("generate", HTMLButtonElement), need("stop", HTMLButtonElement)];
  const [temperature, length] = [need("temperature", HTMLInputElement), need("length", HTMLInputElement)];
  /** @type {{ worker: string, words: { loading: string, ready: string, writing: string, failed: string } }} */
  const { worker: source, words } = JSON.parse(need("parts", HTMLScriptElement).text);
  /** The text that was written, which is shown once a frame. */
  let tail = document.createTextNode("");
  let arrived = "";

  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  worker.onerror = (event) => hear({ type: "failed", message: event.message });
  worker.onmessage = (/** @type {MessageEvent<FromExported>} */ { data }) => hear(data);
  worker.postMessage({ type: "open", module: need("module", HTMLScriptElement).text, weights: need("weights", HTMLScriptElement).text });

  need("write", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    if (generate.disabled) return;
    const prompt = need("prompt", HTMLTextAreaElement).value;
    const given = document.createElement("span");
    given.textContent = prompt;
    written.replaceChildren(given, (tail = document.createTextNode("")));
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const options = { tokens: length.valueAsNumber, temperature: temperature.valueAsNumber, top_k: 0, top_p: 0.95, seed, stop: [] };
    worker.postMessage({ type: "generate", prompt, options });
    show(true, words.writing);
  });
  stop.addEventListener("click", () => worker.postMessage({ type: "stop" }));

  /** @param {boolean} writing @param {string} text */
  function show(writing, text) {
    const [next, last] = writing ? [stop, generate] : [generate, stop];
    next.disabled = false;
    // A button that is disabled loses the focus.
    if (document.activeElement === last) next.focus();
    last.disabled = true;
    written.setAttribute("aria-busy", String(writing));
    state.textContent = text;
  }

  function flush() {
    const follows = written.scrollHeight - written.scrollTop - written.clientHeight < 24;
    tail.appendData(arrived);
    arrived = "";
    if (follows) written.scrollTop = written.scrollHeight;
  }

  /** @param {FromExported} told */
  function hear(told) {
    if (told.type === "text") {
      if (arrived === "") requestAnimationFrame(flush);
      arrived += told.text;
    }
    if (told.type === "ready" || told.type === "end") show(false, words.ready);
    if (told.type === "failed") state.textContent = `${words.failed} ${told.message}`;
  }
})();
