"use strict";

/*
 * Which language the page speaks: the one chosen before, else the first of the browser's that it knows, else English, which is
 * what index.html is written in. Not a module: those run after the page was painted, and the English words would be seen first.
 */
{
  const KNOWN = ["en", "tr"];
  /** A translation that takes longer than this (milliseconds) finds the page in English. */
  const PATIENCE = 3000;
  const { documentElement: page } = document;

  const chosen = () => {
    try {
      return localStorage.getItem("mmrec-language");
    } catch {
      // Blocked site data: the browser's languages will do.
      return null;
    }
  };

  // Of the environment it may come as "tr_TR.UTF-8".
  const wanted = [chosen(), ...(navigator.languages ?? [navigator.language])].map((tag) => tag?.split(/[-_.]/)[0] ?? "");
  page.lang = wanted.find((language) => KNOWN.includes(language)) ?? "en";
  // Asked for with the page's other modules, instead of when they have run.
  document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href: `web/i18n/${page.lang}/page.js` }));
  if (page.lang !== "en") {
    page.dataset["translating"] = "";
    setTimeout(() => delete page.dataset["translating"], PATIENCE);
  }
}
