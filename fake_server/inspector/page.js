"use strict";
// Inserts HTML that the server rendered. Numbers are never parsed here, so they keep all digits.

const MAX_ROWS = 1000;

// Requests one section of a page; the returned address is that after redirects.
async function fetchSection(address, name, options = {}) {
  const headers = { ...options.headers, "x-section": name };
  const response = await fetch(address, { ...options, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(errorDetail(text) ?? `${response.status} ${response.statusText}`);
  return { address: response.url, html: text };
}

function errorDetail(text) {
  try { return JSON.parse(text).detail; } catch { return undefined; }
}

// Screen readers read the newest announcement, at most one a second.
let announceTimer;
let announcement = "";
function announce(text) {
  announcement = text;
  announceTimer ??= setTimeout(() => {
    byId("announcement").textContent = announcement;
    announceTimer = undefined;
  }, 1000);
}

// --- the list ---------------------------------------------------------------------------------

const linkOf = (row) => row?.querySelector("a");

let pendingRows = [];
let olderRows = 0; // rows that "Show older" has added

function markCurrentRow() {
  const [account, number] = location.pathname.split("/").slice(-2);
  for (const link of document.querySelectorAll('#rows [aria-current]')) link.removeAttribute("aria-current");
  linkOf(byId(`x-${account}-${number}`))?.setAttribute("aria-current", "true");
}

function listChanged() {
  byId("empty-list").hidden = byId("rows").childElementCount > 0;
  byId("no-match").hidden = !queryString();
  byId("first-call").hidden = Boolean(queryString());
  markCurrentRow();
}

function insertPendingRows() {
  const rows = byId("rows");
  const added = pendingRows.splice(0).filter((row) => !byId(row.id));
  for (const row of added) row.classList.add("new");
  rows.prepend(...added.reverse());
  const limit = MAX_ROWS + olderRows;
  while (rows.childElementCount > limit) rows.lastElementChild.remove();
  listChanged();
  if (added.length === 0) return;
  const { status, outcome } = added[0].dataset;
  announce(added.length === 1 ? `New exchange: ${status} ${outcome}`
    : `${added.length} new exchanges, the last ${status} ${outcome}`);
}

function addRows(html) {
  if (!pendingRows.length) requestAnimationFrame(insertPendingRows);
  pendingRows.push(...parseHtml(html).querySelectorAll("li"));
}

function replaceList(html) {
  const list = parseHtml(html);
  const ids = (root) => [...root.querySelectorAll("li")].map((row) => row.id).join();
  if (olderRows && list.querySelector("li")?.id === byId("rows").firstElementChild?.id) return;
  if (ids(list) === ids(byId("list"))) return;
  const focused = document.activeElement?.closest?.("#rows li")?.id;
  const checked = new Set([...document.querySelectorAll("#rows input:checked")].map((box) => box.value));
  pendingRows = [];
  olderRows = 0;
  byId("list").replaceChildren(list);
  for (const box of document.querySelectorAll("#rows input")) box.checked = checked.has(box.value);
  if (focused) linkOf(byId(focused))?.focus({ preventScroll: true });
  listChanged();
}

async function showOlder(link) {
  const { html } = await fetchSection(link.href, "list");
  const list = parseHtml(html);
  const rows = [...list.querySelectorAll("li")].filter((row) => !byId(row.id));
  olderRows += rows.length;
  byId("rows").append(...rows);
  byId("older").remove();
  const next = list.querySelector("#older");
  if (next) byId("list").append(next);
  linkOf(rows[0])?.focus();
}

// --- one exchange -----------------------------------------------------------------------------

function showExchange(html) {
  byId("exchange").innerHTML = html;
  document.body.classList.toggle("exchange-open", html !== "");
  const shown = byId("exchange").querySelector("article")?.dataset.account;
  if (shown) byId("scenario-form").account.value = shown;
  const title = html && byId("exchange-title").textContent.replace(/\s+/g, " ").trim();
  document.title = `${title ? `${title} · ` : ""}${document.title.split(" · ").slice(-2).join(" · ")}`;
  markCurrentRow();
}

async function openExchange(address, { push = true, ...options } = {}) {
  const section = await fetchSection(address, "exchange", options);
  if (push) history.pushState(null, "", section.address);
  showExchange(section.html);
  byId("pane").scrollTop = 0;
  byId("exchange-title").focus();
}

function closeExchange() {
  const row = document.querySelector('#rows [aria-current]');
  history.pushState(null, "", `${HOME}${queryString()}`);
  showExchange("");
  row?.focus();
}

addEventListener("popstate", () => {
  readFilter();
  if (location.pathname === HOME) showExchange("");
  else openExchange(location.href, { push: false }).catch(showError);
  if (events && !events.url.endsWith(`/live${queryString()}`)) connect();
});

function showError(error) {
  const message = String(error.message ?? error);
  announce(message);
  const text = document.createElement("p");
  text.className = "problem bad";
  text.textContent = message;
  byId("exchange").replaceChildren(text);
}

async function copy(button) {
  const source = byId(button.dataset.copy);
  let copied = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    const details = source.closest("details");
    if (details) details.open = true;
    getSelection().selectAllChildren(source);
    copied = document.execCommand("copy");
  }
  const label = button.textContent;
  button.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
  announce(`Command ${copied ? "copied" : "selected"}`);
  setTimeout(() => { button.textContent = label; }, 2000);
}

addEventListener("click", (event) => {
  const target = event.target.closest("a, button");
  if (!target || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const action = target.dataset.copy ? () => copy(target)
    : target.id === "close" ? closeExchange
    : target.closest("#rows a, .call-line, .linked a:not(.compare-link)") ? () => openExchange(target.href)
    : target.closest("#older") ? () => showOlder(target)
    : undefined;
  if (!action) return;
  event.preventDefault();
  Promise.resolve(action()).catch(showError);
});

// --- forms ------------------------------------------------------------------------------------

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || form.id === "selection") return; // the browser goes to the new page
  event.preventDefault();
  const options = { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) };
  if (form.id === "filter") applyFilter();
  else if (form.id === "scenario-form") submitStep(form, options);
  else if (form.id === "clear") clearLog(form, options).catch(showError);
  else submitReplay(form, options).catch(showError);
});

async function submitReplay(form, options) {
  const button = form.querySelector("button");
  button.disabled = true;
  button.textContent = "Sending …";
  await openExchange(form.action, options);
  announce("Request sent again");
}

async function submitStep(form, options) {
  const error = byId("scenario-error");
  error.hidden = true;
  try {
    const account = encodeURIComponent(form.account.value.trim());
    const address = `${HOME}inspector/${account}/scenario`;
    replaceSections((await fetchSection(address, "sidebar", options)).html);
    announce(options.body.get("do") === "clear" ? "Scenario cleared" : "Step added");
  } catch ({ message }) {
    error.textContent = message;
    error.hidden = false;
  }
}

async function clearLog(form, options) {
  await fetchSection(form.action, "list", options);
  form.closest("details").open = false;
  closeExchange();
  connect();
  announce("Log cleared");
}

const filterForm = byId("filter");

function readFilter() {
  const query = new URLSearchParams(queryString());
  for (const name of ["text", "outcome", "account", "model", "constraint", "polarity"]) {
    if (filterForm[name]) filterForm[name].value = query.get(name) ?? "";
  }
  copyFilter();
}

// The forms below the list apply to what the filter shows.
function copyFilter() {
  const query = new URLSearchParams(queryString());
  const fields = [...query].map(([name, value]) => Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  for (const old of byId("selection").querySelectorAll("input[type=hidden]")) old.remove();
  byId("selection").prepend(...fields);
  const account = query.get("account") ?? "";
  byId("clear").account.value = account;
  byId("clear").querySelector("button").textContent = `Delete ${account ? `the exchanges of account ${account.slice(0, 8)}` : "all exchanges"}`;
}

let filterTimer;
function applyFilter() {
  clearTimeout(filterTimer);
  const query = new URLSearchParams([...new FormData(filterForm)].filter(([, value]) => value.trim()));
  const search = query.size ? `?${query}` : "";
  if (search === queryString()) return;
  history.replaceState(null, "", location.pathname + search);
  olderRows = 0;
  copyFilter();
  if (filterForm.account.value) byId("scenario-form").account.value = filterForm.account.value;
  connect();
}
filterForm.addEventListener("input", () => {
  clearTimeout(filterTimer);
  filterTimer = setTimeout(applyFilter, 200);
});

markCurrentRow();
listeners.list = replaceList;
listeners.rows = addRows;
