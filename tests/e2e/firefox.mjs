/**
 * Firefox, driven by WebDriver BiDi: as much of that protocol as a smoke test needs. The driver of the other tests speaks it, too,
 * but begins with a command that Debian's Firefox does not know.
 *
 * Environment: FIREFOX_PATH the browser (default Debian's).
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import WebSocket from "ws";

import { PATIENCE } from "./helpers.mjs";

const PROGRAM = process.env.FIREFOX_PATH ?? "/usr/bin/firefox-esr";
export const installed = existsSync(PROGRAM);

/** No request of the browser's own. */
const PREFERENCES = { "app.normandy.enabled": false, "browser.safebrowsing.enabled": false, "intl.accept_languages": "en-US" };

const ENTER = "\uE007";

/** Starts Firefox with an empty profile and opens a page. @param {string} address */
export async function openFirefox(address) {
  const profile = await mkdtemp(join(tmpdir(), "mmrec-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  await writeFile(join(profile, "user.js"), lines.join("\n"));
  const program = spawn(PROGRAM, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"]);
  const close = async () => {
    program.kill();
    if (program.exitCode === null) await once(program, "exit");
    await rm(profile, { recursive: true, maxRetries: 5 });
  };
  try {
    const wire = await Wire.open(`${await listening(program)}/session`);
    await wire.ask("session.new", { capabilities: {} });
    await wire.ask("session.subscribe", { events: ["log.entryAdded", "network.beforeRequestSent"] });
    const { contexts } = await wire.ask("browsingContext.getTree", {});
    const page = new Page(wire, contexts[0].context, address);
    await page.go();
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where it can be reached. @param {import("node:child_process").ChildProcess} program */
function listening(program) {
  return new Promise((resolve, reject) => {
    let said = "";
    program.stderr?.on("data", (data) => {
      said += data;
      const address = said.match(/WebDriver BiDi listening on (\S+)/)?.[1];
      if (address) resolve(address);
    });
    program.on("exit", (code) => reject(new Error(`Firefox ended with ${code}:\n${said}`)));
  });
}

/** Commands with their answers, and events. */
class Wire {
  /** @type {(method: string, params: any) => void} */ onEvent = () => {};
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */ #waiting = new Map();
  #socket;
  #last = 0;

  /** @param {string} address */
  static async open(address) {
    const socket = new WebSocket(address);
    await once(socket, "open");
    return new Wire(socket);
  }

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#hear(JSON.parse(String(data))));
    socket.on("close", () => this.#waiting.forEach(({ reject }) => reject(new Error("Firefox is gone"))));
  }

  /** @param {string} method @param {object} params @returns {Promise<any>} */
  ask(method, params) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** @param {any} heard an answer or an event, by the protocol of WebDriver BiDi */
  #hear({ id, type, result, error, message, method, params }) {
    if (type === "event") return this.onEvent(method, params);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === "error") waiting?.reject(new Error(`${error}: ${message}`));
    else waiting?.resolve(result);
  }
}

class Page {
  /** Errors in the console, and requests to anywhere but the page's own address. @type {string[]} */ dirt = [];
  #wire;
  #context;
  #address;

  /** @param {Wire} wire @param {string} context @param {string} address */
  constructor(wire, context, address) {
    this.#wire = wire;
    this.#context = context;
    this.#address = address;
    wire.onEvent = (method, params) => {
      if (method === "log.entryAdded" && params.level === "error") this.dirt.push(`console: ${params.text}`);
      const url = params.request?.url;
      if (url && params.context === context && !/^(blob|data):/.test(url) && !url.startsWith(address)) this.dirt.push(`request: ${url}`);
    };
  }

  /** Opens the page, or opens it again. */
  go() {
    return this.#wire.ask("browsingContext.navigate", { context: this.#context, url: this.#address, wait: "complete" });
  }

  /** @param {string} expression @returns {Promise<any>} its value, of a simple type */
  async evaluate(expression) {
    const { type, result, exceptionDetails } = await this.#wire.ask("script.evaluate", {
      expression,
      target: { context: this.#context },
      awaitPromise: true,
    });
    if (type === "exception") throw new Error(exceptionDetails.text);
    return result.value;
  }

  /** Waits until an element's text is as wanted. @param {string} selector @param {RegExp} pattern */
  async shows(selector, pattern) {
    let text = "";
    for (let waited = 0; waited < PATIENCE; waited += 100) {
      text = await this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`);
      if (pattern.test(text)) return text;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${selector} shows “${text}”, not ${pattern}`);
  }

  /** With the mouse, as soon as it can be used. @param {string} selector */
  async press(selector) {
    await this.#act([{ type: "pointer", id: "mouse", actions: await this.#clickOn(`${selector}:not([aria-disabled="true"])`) }]);
  }

  /** Types a text in the place of what a field holds, and Enter: a window without a screen has no focus to lose. @param {string} selector @param {string} text */
  async type(selector, text) {
    await this.press(selector);
    await this.evaluate(`document.activeElement.select()`);
    const keys = [...text, ENTER].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await this.#act([{ type: "key", id: "keyboard", actions: keys }]);
  }

  /** @param {string} selector */
  async #clickOn(selector) {
    for (let waited = 0; waited < PATIENCE; waited += 100) {
      const { nodes } = await this.#wire.ask("browsingContext.locateNodes", { context: this.#context, locator: { type: "css", value: selector } });
      if (nodes[0]) {
        await this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.scrollIntoView({ block: "center" })`);
        const move = { type: "pointerMove", x: 0, y: 0, origin: { type: "element", element: { sharedId: nodes[0].sharedId } } };
        return [move, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }];
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`nothing to press at ${selector}`);
  }

  /** @param {object[]} actions */
  #act(actions) {
    return this.#wire.ask("input.performActions", { context: this.#context, actions });
  }
}
