"use strict";

/*
 * Which part of the page a phone shows first: the one that the visit before expected this one to want; see mobile-tabs.js. Not a module:
 * those run after the page was painted, and everything would move.
 */
try {
  const expected = localStorage.getItem("mmrec-first-part") ?? "";
  if (["setup", "training", "words"].includes(expected)) document.documentElement.dataset["shown"] = expected;
} catch {
  // Blocked site data: the part that stands in index.html will do.
}
