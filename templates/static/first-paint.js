// For the first paint: that scripts run, the reader's choice of heads (light) or tails (dark), where one was made, and how names break.
document.documentElement.classList.add("scripted");
try {
  const side = localStorage.getItem("flipsite-theme");
  if (side === "light" || side === "dark") document.documentElement.dataset.theme = side;
} catch {
  // Without storage the system's choice stands.
}

// A model's name as nodes: it breaks between its parts and not inside a word, as `breakable` of text/escaping.py has it.
window.flipsiteBreakable = (name) => {
  const [long, longest] = [16, 24]; // set smaller; broken
  const parts = name.match(/[^-_/:.]*[-_/:.]+|[^-_/:.]+/gu) ?? [];
  const broken = parts.some((part) => [...part].length > longest);
  const pieces = [];
  for (const piece of parts.flatMap((part) => part.match(/.{1,24}/gsu))) {
    const last = pieces.length - 1;
    if (last >= 0 && [...pieces[last]].length < 4) pieces[last] += piece; // a line is not broken for less
    else pieces.push(piece);
  }
  return pieces.flatMap((piece, at) => {
    const { length } = [...piece];
    const odd = (broken && length > long) || (length > 8 && !/^[A-Za-z0-9_/:.-]*$/.test(piece));
    const whole = document.createElement("span");
    whole.className = odd ? "long odd" : "long";
    whole.textContent = piece;
    return [...(at ? [document.createElement("wbr")] : []), odd || length > long ? whole : piece];
  });
};
