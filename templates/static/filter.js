// Filters the rows of a page's tables by words and by status; the view stands in the address.
(() => {
  "use strict";
  const controls = document.querySelector("[data-filter]");
  const sections = [...document.getElementById(controls.dataset.filter).querySelectorAll("section")];
  const field = controls.querySelector("input");
  const chips = [...controls.querySelectorAll("button")];
  const count = document.querySelector(".count");
  const lines = sections.flatMap((section) => [...section.querySelectorAll("tbody tr")].map((row) => ({ row, section, key: row.textContent.toLowerCase() })));
  const pressed = (chip) => chip.getAttribute("aria-pressed") === "true";

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = chips.filter(pressed).map((chip) => chip.value);
    const left = new Map(sections.map((section) => [section, 0]));
    for (const { row, section, key } of lines) {
      row.hidden = !words.every((word) => key.includes(word));
      if (!row.hidden) left.set(section, left.get(section) + 1);
    }
    let n = 0;
    for (const section of sections) {
      const chip = chips.find(({ value }) => value === section.dataset.status);
      chip.querySelector("b").textContent = left.get(section).toLocaleString("en");
      section.hidden = (statuses.length > 0 && !statuses.includes(section.dataset.status)) || !left.get(section);
      if (!section.hidden) n += left.get(section);
    }
    count.textContent = n === lines.length ? "" : `${n.toLocaleString("en")} of ${lines.length.toLocaleString("en")} different answers`;
    const query = new URLSearchParams();
    if (field.value) query.set("q", field.value);
    if (statuses.length) query.set("status", statuses.join(","));
    const text = query.toString();
    history.replaceState(null, "", text ? `?${text}` : location.pathname);
  }

  field.addEventListener("input", show);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!pressed(chip)));
      show();
    });
  }
  const query = new URLSearchParams(location.search);
  const asked = (query.get("status") ?? "").split(",");
  field.value = query.get("q") ?? "";
  for (const chip of chips) chip.setAttribute("aria-pressed", String(asked.includes(chip.value)));
  if (query.size) show();
})();
