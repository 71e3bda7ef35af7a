/**
 * The browser's WebGPU adapter: whether there is one, and which.
 *
 * What the page needs of WebGPU; the types of the browser's library do not have it everywhere yet.
 * @typedef {{ isFallbackAdapter?: boolean, vendor?: string, architecture?: string, device?: string, description?: string }} AdapterInfo
 * @typedef {{ isFallbackAdapter?: boolean, info?: AdapterInfo }} GpuAdapter
 */

/**
 * The adapter that the engine gets, too.
 * @returns {Promise<GpuAdapter | null>} null where there is none
 */
export async function requestAdapter() {
  const gpu = /** @type {{ requestAdapter(options: { powerPreference: string }): Promise<GpuAdapter | null> } | undefined} */ (/** @type {any} */ (navigator).gpu);
  try {
    return (await gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? null;
  } catch {
    return null;
  }
}

/** What tells an adapter from others, as far as a browser says so. @param {GpuAdapter | null} adapter */
export function nameOf(adapter) {
  const { vendor = "", architecture = "", device = "", description = "" } = adapter?.info ?? {};
  return [vendor, architecture, device, description].join("/");
}

/** Whether a program does its work. @param {GpuAdapter} adapter */
export function isSoftware({ isFallbackAdapter, info }) {
  return Boolean(isFallbackAdapter || info?.isFallbackAdapter) || /swiftshader|llvmpipe|lavapipe/i.test(`${info?.architecture} ${info?.description}`);
}
