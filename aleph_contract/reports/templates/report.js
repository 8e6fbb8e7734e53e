"use strict";
// Buttons are made here, so that a reader without scripts sees none that does nothing.
for (const block of document.querySelectorAll(".command")) {
  const button = document.createElement("button");
  const pre = block.querySelector("pre");
  const name = block.dataset.name;
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy the ${name}`);
  button.addEventListener("click", async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(pre.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(pre);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copied = document.execCommand("copy");
    }
    button.textContent = copied ? "Copied" : "Selected";
    document.getElementById("said").textContent = `${name}: ${button.textContent.toLowerCase()}`;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.append(button);
}
// Paper cannot be unfolded: what belongs to a finding is printed open.
const folded = () => document.querySelectorAll(".finding details:not([open])");
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...folded()];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
