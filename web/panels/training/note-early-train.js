"use strict";

/*
 * A press of “Train” counts from the moment that the button is seen, before the page's modules and the engine are there: it is noted
 * at the root, where early-train.js finds it. A second press takes it back. Not a module: those come later.
 */
document.addEventListener(
  "click",
  ({ target }) => {
    const train = target instanceof Element ? target.closest("#train") : null;
    // Where the page says whether it can be used, the page takes care of it.
    if (!train || train.hasAttribute("aria-disabled")) return;
    const wanted = document.documentElement.toggleAttribute("data-train-wanted");
    train.setAttribute("aria-pressed", String(wanted));
  },
  true,
);
