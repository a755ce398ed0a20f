// What every page has: the coin that turns the page from heads (light) to tails (dark).
(() => {
  "use strict";
  const root = document.documentElement;
  const coin = document.querySelector(".flip-theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const side = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const name = () => coin.setAttribute("aria-label", `Turn the page to its ${side() === "dark" ? "light" : "dark"} side`);
  if (coin) {
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
