// The coin to flip along: fair by construction, seeded, and never connected to anything.
(() => {
  "use strict";
  const toy = document.querySelector(".toy");
  if (!toy) return;
  const rules = JSON.parse(toy.querySelector(".toy-rules").textContent);
  const seedField = toy.querySelector("[name=seed]");
  const said = toy.querySelector(".toy-said");
  const strip = toy.querySelector(".toy-strip");
  const flipped = toy.querySelector(".flipped");
  const greeting = said.textContent;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const SVG = "http://www.w3.org/2000/svg";
  const COIN_EM = 0.62; // a coin seen from its edge, while few are flipped
  const SINGLE = 150; // beyond so many tries a pile is drawn as one
  let random;
  let counts;
  let tries;
  let near;

  /** splitmix32: 32 mixed bits a call, equally likely to lie in either half. */
  function generator(seed) {
    let state = seed | 0;
    return () => {
      state = (state + 0x9e3779b9) | 0;
      let bits = state ^ (state >>> 16);
      bits = Math.imul(bits, 0x21f0aaad);
      bits ^= bits >>> 15;
      bits = Math.imul(bits, 0x735a2d97);
      return ((bits ^ (bits >>> 15)) >>> 0) / 4294967296;
    };
  }

  function startOver() {
    random = generator(Number(seedField.value) || 0);
    counts = new Map(rules.piles.map(([bias]) => [bias, 0]));
    tries = 0;
    near = 0;
    flipped.replaceChildren();
    strip.replaceChildren();
    strip.setAttribute("aria-label", "No coin flipped yet");
    said.textContent = greeting;
  }

  /** One try: the faces, and the bias they show. */
  function flip() {
    const faces = Array.from({ length: rules.draws }, () => random() < rules.target);
    const heads = faces.filter(Boolean).length;
    const off = Math.abs(heads / rules.draws - rules.target);
    const bias = rules.piles.reduce((best, [value]) => (Math.abs(value - off) < Math.abs(best - off) ? value : best), 2);
    counts.set(bias, counts.get(bias) + 1);
    tries += 1;
    if (bias <= rules.near + 1e-9) near += 1;
    return { faces, heads, bias };
  }

  function drawPiles(last) {
    const height = Math.min(COIN_EM, rules.scale / tries);
    const rects = [];
    const add = (at, y, tall, mark) => {
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("x", `${at - rules.width / 2}%`);
      rect.setAttribute("width", `${rules.width}%`);
      rect.setAttribute("y", `${-y - tall}em`);
      rect.setAttribute("height", `${tall}em`);
      if (mark) rect.setAttribute("class", "last");
      rects.push(rect);
    };
    for (const [bias, at] of rules.piles) {
      const n = counts.get(bias);
      if (tries > SINGLE) { if (n) add(at, 0, n * height, false); }
      else for (let i = 0; i < n; i += 1) add(at, i * height, height, bias === last && i === n - 1);
    }
    flipped.replaceChildren(...rects);
  }

  const percent = (share) => `${Math.round(100 * share)} %`;
  const shown = (bias) => String(Number(bias.toFixed(3)));

  function play(times) {
    let last;
    for (let i = 0; i < times; i += 1) last = flip();
    drawPiles(last.bias);
    const tails = rules.draws - last.heads;
    const hit = last.bias <= rules.near + 1e-9;
    strip.replaceChildren(...last.faces.map((face, i) => {
      const mark = document.createElement("i");
      mark.className = face ? "heads" : "tails";
      if (!still.matches && times === 1) mark.style.setProperty("--turn", `${i * 12}ms`);
      return mark;
    }));
    strip.setAttribute("aria-label", `${last.heads} heads, ${tails} tails`);
    const one = times === 1 ? `${last.heads} heads, ${tails} tails: a bias of ${shown(last.bias)}${hit ? ", as good as the table of the least biased" : ""}. ` : "";
    const many = `${near} of your ${tries} fair ${tries === 1 ? "coin" : "coins"}${tries > 1 ? ` (${percent(near / tries)})` : ""} landed among the ${rules.nNear} least biased; chance says ${percent(rules.chance)}.`;
    said.textContent = one + many;
  }

  const asked = Number(new URLSearchParams(location.search).get("luck"));
  const fresh = () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
  seedField.value = Number.isInteger(asked) && asked > 0 ? asked % 1_000_000 : fresh();
  toy.addEventListener("click", (event) => {
    const button = event.target.closest("[data-flip]");
    if (!button) return;
    const times = Number(button.dataset.flip);
    if (times === 0) {
      seedField.value = fresh();
      startOver();
    } else play(times);
  });
  seedField.addEventListener("change", startOver);
  for (const element of toy.querySelectorAll("[data-js]")) element.hidden = false;
  startOver();
})();
