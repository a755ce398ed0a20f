// On every page: dark mode, `/` for the search, and words explained.
(() => {
  "use strict";
  const root = document.documentElement;
  const coin = document.querySelector(".flip-theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const side = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const name = () => {
    coin.title = side() === "dark" ? "Light mode" : "Dark mode";
    coin.setAttribute("aria-label", coin.title);
  };
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

// `/` focuses the search: the page's own box, else one in a dialog. Its script is fetched when a box is used.
(() => {
  "use strict";
  const { search } = document.querySelector(".site-head").dataset;
  let loading = null;

  function load() {
    loading ??= new Promise((done) => {
      const script = document.createElement("script");
      script.src = search;
      script.onload = done;
      document.head.append(script);
    });
    return loading;
  }

  function dialog() {
    const made = document.createElement("dialog");
    made.className = "finder-dialog";
    made.setAttribute("aria-label", "Search");
    made.innerHTML = '<search class="finder"><label><span>Find a model, an author or a page</span><input type="search" name="find" autocomplete="off" spellcheck="false"></label><div class="finds" hidden></div></search>';
    made.addEventListener("close", () => made.remove());
    document.body.append(made);
    made.showModal();
    return made.querySelector("input");
  }

  document.addEventListener("focusin", ({ target }) => target.name === "find" && load());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    const field = document.querySelector(".finder input, .controls input[type=search]") ?? dialog();
    field.focus();
    field.select();
  });
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
    place();
  }

  function place() {
    const box = owner.getBoundingClientRect();
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
  function scrolled() { // the focus itself may have scrolled the word into view
    if (owner?.contains(document.activeElement)) place();
    else hide();
  }
  document.addEventListener("scroll", scrolled, { passive: true, capture: true });
})();
