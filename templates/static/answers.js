// A model's answers: an address such as #draw-17 opens that answer, and an open one has a button to close it.
// The coins open theirs without any script; Escape, a click beside it or on its coin closes it.
(() => {
  "use strict";
  const open = () => {
    const answer = /^#draw-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (answer && answer.popover !== undefined && !answer.matches(":popover-open")) answer.showPopover();
  };
  const close = document.createElement("button");
  close.className = "close";
  close.textContent = "Close";
  close.addEventListener("click", () => close.parentElement.hidePopover());
  document.querySelector(".answers")?.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") event.target.prepend(close);
  }, { capture: true });
  addEventListener("hashchange", open);
  open();
})();
