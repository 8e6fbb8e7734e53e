"use strict";
// The script adds the buttons and the filter, so that a reader without scripts sees none.
const all = (selector) => [...document.querySelectorAll(selector)];
const $ = (id) => document.getElementById(id);

async function copy(pre) {
  try {
    await navigator.clipboard.writeText(pre.textContent);
    return true;
  } catch {
    const details = pre.closest("details");
    if (details) details.open = true; // hidden text cannot be selected
    const range = document.createRange();
    range.selectNodeContents(pre);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy");
  }
}

function addButton(block) {
  const button = document.createElement("button");
  const { name, label = "Copy" } = block.dataset;
  button.type = "button";
  button.className = "copy";
  button.textContent = label;
  if (label === "Copy") button.setAttribute("aria-label", `Copy the ${name}`);
  button.addEventListener("click", async () => {
    const copied = await copy(block.querySelector("pre"));
    button.textContent = copied ? "Copied" : "Selected";
    $("copied").textContent = `${name}: ${button.textContent.toLowerCase()}`;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  if (block.matches("details")) block.before(button);
  else block.append(button);
}
all(".command").forEach(addButton);

// Open a finding that the address names, and the findings for printing.
function openTarget() {
  const target = $(decodeURIComponent(location.hash.slice(1)));
  const details = target?.closest("details");
  if (details) {
    details.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", openTarget);
openTarget();
let opened = [];
addEventListener("beforeprint", () => {
  opened = all("details.finding:not([open]), .finding details:not([open], .command, .list)");
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

// The filter of the cases; of many matches it shows the first.
const MOST = 500;
const rows = [...$("rows").rows];
const fields = [...$("filter").querySelectorAll("input, select")];
const texts = new Map();
const text = (row) => {
  if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
  return texts.get(row);
};
const holds = {
  search: (row, value) => text(row).includes(value.toLowerCase()),
  rule: (row, value) => row.dataset.rule.split(" ").includes(value),
  phase: (row, value) => row.dataset.phase === value,
  outcome: (row, value) => row.dataset.outcome === value,
  constraint: (row, value) => row.dataset.constraint.split(" ").includes(value),
};
function filter(most = MOST) {
  const used = fields.filter((field) => field.value);
  const matches = rows.filter((row) => used.every((f) => holds[f.name](row, f.value)));
  const shown = new Set(matches.slice(0, most));
  for (const row of rows) row.hidden = !shown.has(row);
  const first = matches.length > most ? `, the first ${most} are shown` : "";
  $("matches").textContent = `${matches.length} of ${rows.length} cases${first}`;
  $("more").hidden = !first;
}
for (const field of fields) field.addEventListener("input", () => filter());
$("clear").addEventListener("click", () => {
  for (const field of fields) field.value = "";
  filter();
});
$("more").addEventListener("click", () => filter(Infinity));
for (const square of all("a.square")) {
  square.addEventListener("click", (event) => {
    const { square: id } = square.dataset;
    const constraint = fields.find((field) => field.name === "constraint");
    if (![...constraint.options].some((option) => option.value === id)) return; // never tried
    event.preventDefault();
    for (const field of fields) field.value = field === constraint ? id : "";
    filter();
    $("every").scrollIntoView();
    constraint.focus({ preventScroll: true });
  });
}
$("filter").hidden = false;
filter();
