/** What the tests put into the pages that they look at, and what browsers have that TypeScript's library lacks. */

interface Window {
  /** Refusals by the page's policy. */
  violations: string[];
  /** What the page asked of the browser. */
  asked: string[];
  lock: WakeLockSentinel;
  /** Whether there is no room for files. */
  full: boolean;
  shifts: { value: number; what: string }[];
  answers: { interactionId: number; duration: number }[];
  seen: Set<string>;
  flashed: (string | null)[];
  shifted: number;
  moved: string[];
  writtenOn: WeakMap<Element, { text: string; left: number; right: number; y: number }[]>;
  /** Modules of a newer release that were loaded. */
  newest?: string[];
  /** What keeps a worker busy. */
  hindrance: ReturnType<typeof setInterval>;
  /** Whether workers end when they are told to run, and how many did. */
  kills: boolean;
  killed: number;
  /** What a tab heard from others. */
  heard: number;
  /** The GPU of a worker. */
  gpu: GPUDevice;
}

/** axe-core, put into a page. */
declare const axe: typeof import("axe-core");

/** https://wicg.github.io/layout-instability/ */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
}

/** https://www.w3.org/TR/event-timing/ */
interface PerformanceEventTiming {
  readonly interactionId: number;
}
interface PerformanceObserverInit {
  durationThreshold?: number;
}
