/** Puts the page's modules into a built page without their comments, which are a fifth of what a visit downloads beside the engine. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** @param {string} folder of the built page */
export function stripComments(folder) {
  const output = ["--noEmit", "false", "--removeComments", "--rootDir", join(ROOT, "web"), "--outDir", join(folder, "web")];
  // As it is written otherwise; whether it is right is for the tests.
  const plain = ["--target", "esnext", "--noCheck"];
  execFileSync(process.execPath, [TSC, "--project", join(ROOT, "web"), ...output, ...plain], { stdio: "inherit" });
}
