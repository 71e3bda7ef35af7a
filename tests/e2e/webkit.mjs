/**
 * WebKitGTK, driven by plain WebDriver: as much of that protocol as a smoke test needs. It is Safari's engine, not Safari. The browser
 * has a screen that nobody sees, and a home that goes with it.
 *
 * Environment: WEBKIT_DRIVER_PATH the driver (default Debian's), which knows its browser.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PATIENCE } from "./helpers.mjs";

const DRIVER = process.env.WEBKIT_DRIVER_PATH ?? "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";

/** Why its tests are left out; null where they are not. @type {string | null} */
export const leftOut = whyNot();

function whyNot() {
  if (!["", "0", "false"].includes(process.env.CI ?? "")) return "WebKit is not tried in CI";
  if (!existsSync(DRIVER)) return "WebKitWebDriver is not installed (Debian's webkit2gtk-driver; WEBKIT_DRIVER_PATH)";
  return existsSync(SCREEN) ? null : "Xvfb is not installed (Debian's xvfb)";
}

/** What WebDriver calls an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const ENTER = "\uE007";

/**
 * Starts a screen, the driver and the browser. The browser is in the language of a machine that has none.
 * @param {string} address to be opened
 */
export async function openWebKit(address) {
  const home = await mkdtemp(join(tmpdir(), "mmrec-webkit-"));
  /** @type {import("node:child_process").ChildProcess[]} */
  const programs = [];
  const close = async () => {
    for (const program of programs.reverse()) await end(program);
    await rm(home, { recursive: true, maxRetries: 5 });
  };
  try {
    const screen = spawn(SCREEN, ["-displayfd", "3", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
    programs.push(screen);
    const [number] = await once(/** @type {import("node:stream").Readable} */ (screen.stdio[3]), "data");
    const port = await freePort();
    const env = { ...process.env, DISPLAY: `:${String(number).trim()}`, HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home, XDG_RUNTIME_DIR: home, LANG: "C.UTF-8", LC_ALL: "C.UTF-8", LANGUAGE: "" };
    programs.push(spawn(DRIVER, [`--port=${port}`], { env, stdio: "ignore" }));
    const page = await Page.open(`http://127.0.0.1:${port}`, address);
    return {
      page,
      async close() {
        await page.leave();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param {import("node:child_process").ChildProcess} program */
async function end(program) {
  if (program.exitCode !== null || program.signalCode !== null) return;
  program.kill();
  await once(program, "exit");
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  return port;
}

class Page {
  #session;

  /**
   * @param {string} driver
   * @param {string} address
   */
  static async open(driver, address) {
    for (let waited = 0; !(await fetch(`${driver}/status`).catch(() => null)); waited += 100) {
      if (waited > PATIENCE) throw new Error("WebKitWebDriver does not answer");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { sessionId } = await ask(`${driver}/session`, { capabilities: {} });
    const page = new Page(`${driver}/session/${sessionId}`);
    await page.go(address);
    return page;
  }

  /** @param {string} session its address */
  constructor(session) {
    this.#session = session;
  }

  /** @param {string} address */
  go(address) {
    return ask(`${this.#session}/url`, { url: address });
  }

  reload() {
    return ask(`${this.#session}/refresh`, {});
  }

  async leave() {
    await fetch(this.#session, { method: "DELETE" });
  }

  /** @param {string} expression @returns {Promise<any>} its value, of a simple type */
  evaluate(expression) {
    return ask(`${this.#session}/execute/sync`, { script: `return (${expression});`, args: [] });
  }

  /**
   * Waits until an expression is as wanted.
   * @param {string} expression
   * @param {(value: any) => boolean} wanted
   */
  async until(expression, wanted) {
    let value;
    for (let waited = 0; waited < PATIENCE; waited += 100) {
      value = await this.evaluate(expression);
      if (wanted(value)) return value;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${expression} is ${JSON.stringify(value)}`);
  }

  /** Waits until an element's text is as wanted. @param {string} selector @param {RegExp} pattern */
  shows(selector, pattern) {
    return this.until(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`, (text) => pattern.test(text));
  }

  /** With the mouse, as soon as it can be used. @param {string} selector */
  async press(selector) {
    await ask(`${await this.#element(`${selector}:not([aria-disabled="true"], :disabled)`)}/click`, {});
  }

  /** Types a text in the place of what a field holds, and Enter. @param {string} selector @param {string} text */
  async type(selector, text) {
    const element = await this.#element(selector);
    await ask(`${element}/clear`, {});
    await ask(`${element}/value`, { text: text + ENTER });
  }

  /** @param {string} selector @returns {Promise<string>} its address, as soon as it is there and can be seen */
  async #element(selector) {
    const there = `document.querySelector(${JSON.stringify(selector)})`;
    await this.until(`${there}?.checkVisibility() === true`, Boolean);
    // The driver scrolls to nothing that is not laid out yet.
    await this.evaluate(`${there}.scrollIntoView({ block: "center" })`);
    const found = await ask(`${this.#session}/element`, { using: "css selector", value: selector });
    return `${this.#session}/element/${found[ELEMENT]}`;
  }
}

/**
 * @param {string} address
 * @param {object} body
 * @returns {Promise<any>}
 */
async function ask(address, body) {
  const response = await fetch(address, { method: "POST", body: JSON.stringify(body) });
  const { value } = /** @type {{ value: any }} */ (await response.json());
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
