/**
 * The worker of an exported page; the engine's JavaScript stands before it. It gives the event loop a turn after every piece of
 * text, which is when “Stop” arrives.
 */

(() => {
  /** @typedef {import("../../../engine/engine-types.js").EngineModule} EngineModule */
  /** @typedef {import("../../../engine/engine-types.js").GenerateOptions} GenerateOptions */
  /** @typedef {import("../../../engine/protocol.js").ToExported} ToExported */
  /** @typedef {import("../../../engine/protocol.js").FromExported} FromExported */

  /** @type {import("../../../engine/engine-types.js").Engine} */
  let engine;
  let writing = false;
  const channel = new MessageChannel();

  self.onmessage = async (/** @type {MessageEvent<ToExported>} */ { data }) => {
    try {
      if (data.type === "open") await open(data.module, data.weights);
      if (data.type === "generate") await write(data.prompt, data.options);
      if (data.type === "stop") writing = false;
    } catch (error) {
      writing = false;
      tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };

  /** @param {string} module @param {string} weights */
  async function open(module, weights) {
    // @ts-expect-error: of the engine's JavaScript.
    const own = /** @type {{ init: EngineModule["default"], Engine: EngineModule["Engine"] }} */ ({ init: __wbg_init, Engine });
    await own.init({ module_or_path: await unpacked(module) });
    engine = await own.Engine.create("cpu");
    engine.open(new Uint8Array(await unpacked(weights)));
    tell({ type: "ready" });
  }

  /**
   * Without a Blob on the way: in a worker of a page from a disk, WebKit reads none.
   * @param {string} letters compressed
   */
  async function unpacked(letters) {
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (new Response(bytes).body);
    return new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  }

  /** @param {string} prompt @param {GenerateOptions} options */
  async function write(prompt, options) {
    await engine.generate(prompt, options);
    writing = true;
    while (writing) {
      const text = await engine.next_text();
      if (text === undefined) break;
      tell({ type: "text", text });
      await turn();
    }
    writing = false;
    engine.stop_generation();
    tell({ type: "end" });
  }

  function turn() {
    return new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(null);
    });
  }

  /** @param {FromExported} told */
  function tell(told) {
    self.postMessage(told);
  }
})();
