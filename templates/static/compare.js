// Two to six models side by side; which ones stands in the address: ?m=STUDY/AUTHOR/SLUG&m=…
(() => {
  "use strict";
  const MOST = 6;
  const { root } = document.querySelector(".site-head").dataset;
  const adding = document.querySelector(".compare-add");
  const field = adding.querySelector("[name=model]");
  const clear = adding.querySelector("[name=clear]");
  const count = document.querySelector(".count");
  const view = document.querySelector(".side-by-side");
  const models = new Map();
  let chosen = [];

  for (const { study, title, simulated, widest, models: listed } of window.flipsiteModels ?? []) {
    for (const [name, page, text, bias, low, high, valid, verdict, flag, price, released, spend, answers] of listed) {
      models.set(`${study}/${name}`, { key: `${study}/${name}`, title, simulated, widest, name, page, text, bias, low, high, valid, verdict, flag, price, released, spend, answers });
    }
  }
  document.getElementById("models").append(...[...models.values()].map(({ key, title }) => Object.assign(document.createElement("option"), { value: key, textContent: title })));

  /** The model of this name, or the only one with it as a part of its name. */
  function named(text) {
    if (models.has(text)) return models.get(text);
    const found = [...models.values()].filter(({ key }) => key.toLowerCase().includes(text.toLowerCase()));
    const exact = found.filter(({ name }) => name.toLowerCase() === text.toLowerCase());
    return exact[0] ?? (found.length === 1 ? found[0] : null);
  }

  /** Add a model; a sentence says why not. */
  function add(text) {
    const model = named(text);
    if (!model) return text ? `No one model is called “${text}”` : "";
    if (chosen.includes(model)) return `${model.name} is already there`;
    if (chosen.length === MOST) return `At most ${MOST} models fit; remove one first`;
    if (chosen.some(({ simulated }) => simulated !== model.simulated)) return "Simulated coins are not put beside real models.";
    chosen.push(model);
    return "";
  }

  const make = (tag, given = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), given);
    made.append(...children);
    return made;
  };
  const address = ({ page }) => root + page.split("/").map(encodeURIComponent).join("/");
  const breakable = window.flipsiteBreakable;
  const link = (model) => make("a", { href: address(model) }, ...breakable(model.name));
  const signed = (number, decimals) => `${number > 0 ? "+" : number < 0 ? "−" : ""}${Math.abs(number).toFixed(decimals)}`;

  function drawn({ bias, low, high, verdict }, widest) {
    const NS = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("class", verdict);
    svg.setAttribute("aria-hidden", "true");
    const shape = (name, given) => {
      const made = document.createElementNS(NS, name);
      for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
      svg.append(made);
    };
    const at = (value) => `${(100 * value) / widest}%`;
    shape("line", { x1: 0, x2: "100%", y1: "50%", y2: "50%", class: "ground" });
    if (low !== null) shape("line", { x1: at(low), x2: at(high), y1: "50%", y2: "50%", class: "interval" });
    if (bias !== null) shape("circle", { cx: at(bias), cy: "50%", r: 5 });
    return svg;
  }

  function row(model, widest) {
    const remove = make("button", { type: "button", className: "button", textContent: "×" });
    remove.setAttribute("aria-label", `Remove ${model.name}`);
    remove.addEventListener("click", () => {
      chosen = chosen.filter((each) => each !== model);
      show();
    });
    const head = make("th", { scope: "row" }, link(model), make("small", { textContent: model.title }));
    const interval = model.low === null ? "" : `${model.low.toFixed(2)} to ${model.high.toFixed(2)}`;
    const number = (text) => make("td", { className: "number", textContent: text ?? "–" });
    const valid = number(model.valid);
    if (model.answers) valid.append(make("br"), make("a", { href: `${address(model)}#draws`, textContent: "answers" }));
    const verdict = make("td", {}, make("span", { className: `verdict ${model.verdict}`, textContent: model.verdict }));
    if (model.flag) verdict.append(make("br"), make("small", { textContent: model.flag }));
    return make("tr", {}, head, make("td", { className: "number" }, model.text, make("br"), make("small", { textContent: interval })),
      make("td", { className: "ruler" }, drawn(model, widest)), verdict, valid,
      number(model.price === null ? null : `$${model.price}`), make("td", { textContent: model.released ?? "–" }), number(model.spend), make("td", {}, remove));
  }

  /** A model's name, with its study where it stands there from several. */
  const label = (model) => (chosen.some((each) => each !== model && each.name === model.name) ? `${model.name} (${model.title})` : model.name);

  /** The difference of two biases from their intervals (Zou & Donner 2008); the more biased first. */
  function contrast(a, b) {
    const [one, other] = b.bias > a.bias ? [b, a] : [a, b];
    const value = one.bias - other.bias;
    const low = value - Math.hypot(one.bias - one.low, other.high - other.bias);
    const high = value + Math.hypot(one.high - one.bias, other.bias - other.low);
    return { one: label(one), other: label(other), value, interval: `${signed(low, 2)} to ${signed(high, 2)}`, isClear: low > 0 };
  }

  const difference = ({ one, other, value, interval, isClear }) => make("tr", {},
    make("th", { scope: "row" }, ...breakable(one)), make("td", {}, ...breakable(other)),
    make("td", { className: "number", textContent: signed(value, 3) }), make("td", { className: "short", textContent: interval }),
    make("td", { textContent: isClear ? "yes" : "no" }));

  const sentence = ({ one, other, value, interval, isClear }) => (isClear
    ? `${one} is more biased than ${other}, by ${value.toFixed(3)} (${interval}).`
    : `The biases of ${one} and ${other} differ by ${value.toFixed(3)} (${interval}), which may be chance.`);

  function show(said = "") {
    const widest = Math.max(0.5, ...chosen.map((model) => model.widest));
    const known = chosen.filter(({ low }) => low !== null);
    view.querySelector(".compared tbody").replaceChildren(...chosen.map((model) => row(model, widest)));
    view.querySelector(".ruler small").replaceChildren(make("span", { textContent: "0" }), make("span", { textContent: String(Number(widest.toFixed(3))) }));
    const contrasts = known.flatMap((one, at) => known.slice(at + 1).map((other) => contrast(one, other)));
    view.querySelector(".differences tbody").replaceChildren(...contrasts.map(difference));
    view.querySelector(".differences").hidden = known.length < 2;
    view.hidden = !chosen.length;
    clear.hidden = !chosen.length;
    const n = chosen.length;
    count.textContent = said || (n === 1 ? "Add a second model" : n === 2 && contrasts.length ? sentence(contrasts[0]) : n ? `${n} models` : "");
    const query = new URLSearchParams(chosen.map(({ key }) => ["m", key])).toString();
    history.replaceState(null, "", query ? `?${query}` : location.pathname);
  }

  function addTyped() {
    const said = add(field.value.trim());
    if (!said) field.value = "";
    show(said);
  }

  adding.querySelector("[name=add]").addEventListener("click", addTyped);
  field.addEventListener("keydown", (event) => event.key === "Enter" && addTyped());
  field.addEventListener("input", () => {
    if (models.has(field.value)) addTyped(); // one of the list was chosen
  });
  clear.addEventListener("click", () => {
    chosen = [];
    show();
  });
  const said = new URLSearchParams(location.search).getAll("m").map(add).filter(Boolean);
  show(said[0]);
})();
