// What every page has: the coin that turns the page from heads (light) to tails (dark), and words explained.
(() => {
  "use strict";
  const root = document.documentElement;
  const coin = document.querySelector(".flip-theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const side = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const name = () => coin.setAttribute("aria-label", `Turn the page to its ${side() === "dark" ? "light" : "dark"} side`);
  if (coin) {
    coin.append(document.querySelector(".brand .coin").cloneNode(true));
    name();
    coin.hidden = false;
    dark.addEventListener("change", name);
    coin.addEventListener("click", () => {
      root.dataset.theme = side() === "dark" ? "light" : "dark";
      name();
      root.classList.add("flipping");
      setTimeout(() => root.classList.remove("flipping"), 600);
      try {
        localStorage.setItem("flipsite-theme", root.dataset.theme);
      } catch {
        // Without storage the choice lasts as long as the page.
      }
    });
  }
})();

// A word with a meaning shows it on hover and on focus; it can be reached with the pointer, and Escape hides it.
(() => {
  "use strict";
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let owner = null;
  let leaving = 0;

  const trigger = (word) => word.querySelector("button, a") ?? word;

  function show(word) {
    clearTimeout(leaving);
    if (owner === word) return;
    hide();
    owner = word;
    tip.textContent = word.dataset.def;
    tip.hidden = false;
    trigger(word).setAttribute("aria-describedby", "tip");
    const box = word.getBoundingClientRect();
    const wide = tip.offsetWidth;
    const above = box.top > tip.offsetHeight + 12;
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - wide - 8))}px`;
    tip.style.top = `${above ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
  }

  function hide() {
    if (!owner) return;
    trigger(owner).removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  }

  const later = () => { clearTimeout(leaving); leaving = setTimeout(hide, 200); };
  const word = (event) => (event.target instanceof Element ? event.target.closest("[data-def]") : null);
  document.addEventListener("pointerover", (event) => {
    const found = word(event);
    if (found?.dataset.def) show(found);
    else if (tip.contains(event.target)) clearTimeout(leaving);
    else if (owner) later();
  });
  document.addEventListener("focusin", (event) => {
    const found = word(event);
    if (found?.dataset.def) show(found);
    else hide();
  });
  document.addEventListener("focusout", later);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", hide, { passive: true, capture: true });
})();
