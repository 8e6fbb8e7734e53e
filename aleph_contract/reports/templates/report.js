"use strict";
// The script adds the buttons, so that a reader without scripts sees none.
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
    document.getElementById("copied").textContent = `${name}: ${button.textContent.toLowerCase()}`;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.append(button);
}
// Open the details of each finding for printing.
const collapsed = () => document.querySelectorAll(".finding details:not([open])");
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...collapsed()];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
