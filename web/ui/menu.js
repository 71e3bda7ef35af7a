/** Small menus: popovers, which the browser closes by Escape or a press elsewhere. */

const GAP = 4;

/**
 * Opens a menu at the button that asks for it.
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} menu with `popover`
 */
export function opensMenu(button, menu) {
  button.popoverTargetElement = menu;
  button.addEventListener("click", () => {
    const { right, top, bottom } = button.getBoundingClientRect();
    // Not shown yet, so its height is not known: a row is as high as a button.
    const height = menu.childElementCount * 40 + 2 * GAP;
    const fits = bottom + height < innerHeight;
    menu.style.right = `${document.documentElement.clientWidth - right - scrollX}px`;
    menu.style.top = `${scrollY + (fits ? bottom + GAP : Math.max(GAP, top - height - GAP))}px`;
  });
  menu.addEventListener("click", (event) => {
    if (event.target instanceof HTMLButtonElement) menu.hidePopover();
  });
}
