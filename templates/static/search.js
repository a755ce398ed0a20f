// Search over the static index; the words asked for stand in the address.
(() => {
  "use strict";
  const MOST = 100;
  const box = document.querySelector(".site-search");
  const field = box.querySelector("input");
  const count = document.querySelector(".count");
  const list = document.querySelector(".found");
  const entries = (window.flipsiteIndex ?? []).map(([title, path, kind]) => ({ title, path, kind, key: `${title} ${kind}`.toLowerCase() }));

  /** Earlier and shorter matches in the title first; pages before models; then the order of the site. */
  function rank(entry, words) {
    const at = entry.title.toLowerCase().indexOf(words[0]);
    return (at < 0 ? 1000 : at) + entry.title.length / 1000 + (entry.kind.startsWith("Model") ? 1 : 0);
  }

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length ? entries.filter(({ key }) => words.every((word) => key.includes(word))) : [];
    found.sort((a, b) => rank(a, words) - rank(b, words));
    list.replaceChildren(...found.slice(0, MOST).map(({ title, path, kind }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const note = document.createElement("small");
      link.href = box.dataset.root + path.split("/").map(encodeURIComponent).join("/");
      link.textContent = title;
      note.textContent = kind;
      item.append(link, " ", note);
      return item;
    }));
    if (!words.length) count.textContent = "";
    else count.textContent = `${found.length.toLocaleString("en")} found${found.length > MOST ? `; the first ${MOST} are shown` : ""}`;
    history.replaceState(null, "", field.value ? `?q=${encodeURIComponent(field.value)}` : location.pathname);
  }

  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.addEventListener("input", () => requestAnimationFrame(show));
  if (field.value) show();
  else field.focus();
})();
