"use strict";
// Keys as in mail programs. Single letters can be switched off (WCAG 2.1.4), and are off in fields.

const SINGLE_KEYS = "aleph-contract single keys";
const keysSheet = byId("keys");
const singleKeys = byId("single-keys");

function currentRow() {
  return document.activeElement?.closest?.("#rows li") ?? document.querySelector("#rows [aria-current]")?.closest("li");
}

// Goes to the next row in a direction; with an exchange open, opens that of the row.
function step(direction) {
  const row = currentRow();
  const next = linkOf(row ? row[direction] : byId("rows").firstElementChild);
  if (!next) return;
  if (document.body.classList.contains("exchange-open")) openExchange(next.href).catch(showError);
  else next.focus();
}

function openCurrent() {
  const link = linkOf(currentRow());
  if (link) openExchange(link.href).catch(showError);
}

function checkCurrent() {
  const box = currentRow()?.querySelector("input");
  if (box) box.checked = !box.checked;
}

function focusFilter() {
  if (document.body.classList.contains("exchange-open")) closeExchange();
  filterForm.text.select();
}

function leave(event) {
  if (event.target.closest?.("#filter")) linkOf(byId("rows").firstElementChild)?.focus();
  else if (document.body.classList.contains("exchange-open")) closeExchange();
}

const LETTERS = {
  "/": focusFilter, "?": () => keysSheet.showModal(),
  j: () => step("nextElementSibling"), k: () => step("previousElementSibling"),
  o: openCurrent, x: checkCurrent,
};
const ARROWS = { ArrowDown: () => step("nextElementSibling"), ArrowUp: () => step("previousElementSibling") };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || keysSheet.open) return;
  const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea, video, audio");
  const letter = !typing && (singleKeys.checked || event.key === "?") ? LETTERS[event.key] : undefined;
  const action = event.key === "Escape" ? () => leave(event)
    : event.target.closest?.("#rows") && ARROWS[event.key] || letter;
  if (!action) return;
  if (event.key !== "Escape") event.preventDefault();
  action();
});

byId("show-keys").addEventListener("click", () => keysSheet.showModal());
byId("close-keys").addEventListener("click", () => keysSheet.close());
singleKeys.addEventListener("change", () => {
  try { localStorage.setItem(SINGLE_KEYS, singleKeys.checked ? "on" : "off"); } catch { /* the browser stores nothing */ }
});
try { singleKeys.checked = localStorage.getItem(SINGLE_KEYS) !== "off"; } catch { /* the same */ }
byId("show-keys").hidden = false;
