// Before the first paint: that scripts run, and the reader's choice of heads (light) or tails (dark), where one was made.
document.documentElement.classList.add("scripted");
try {
  const side = localStorage.getItem("flipsite-theme");
  if (side === "light" || side === "dark") document.documentElement.dataset.theme = side;
} catch {
  // Without storage the system's choice stands.
}
