"use strict";
// Moves pieces that the server rendered; reads no value of an exchange, so no number loses a digit.

const find = (id) => document.getElementById(id);
const HOME = document.querySelector("h1 a").pathname;
const MOST_ROWS = 1000;
const query = () => location.search;

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

async function part(address, name, options = {}) {
  const headers = { ...options.headers, "x-part": name };
  const response = await fetch(address, { ...options, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(problem(text) ?? `${response.status} ${response.statusText}`);
  return { address: response.url, html: text };
}

function problem(text) {
  try { return JSON.parse(text).detail; } catch { return undefined; }
}

// What a screen reader says: the newest thing, at most once a second.
let saying;
let said = "";
function say(text) {
  said = text;
  saying ??= setTimeout(() => { find("said").textContent = said; saying = undefined; }, 1000);
}

// --- the list ---------------------------------------------------------------------------------

let waiting = [];
let older = 0;

function markOpened() {
  const [account, number] = location.pathname.split("/").slice(-2);
  for (const link of document.querySelectorAll('#rows [aria-current]')) link.removeAttribute("aria-current");
  find(`x-${account}-${number}`)?.firstElementChild.setAttribute("aria-current", "true");
}

function changed() {
  find("nothing").classList.toggle("gone", find("rows").childElementCount > 0);
  markOpened();
}

function showWaiting() {
  const rows = find("rows");
  const fresh = waiting.splice(0).filter((row) => !find(row.id));
  for (const row of fresh) row.classList.add("new");
  rows.prepend(...fresh.reverse());
  const most = MOST_ROWS + older;
  while (rows.childElementCount > most) rows.lastElementChild.remove();
  changed();
  if (fresh.length === 1) say(`New exchange: ${fresh[0].dataset.status} ${fresh[0].dataset.outcome}`);
  else if (fresh.length) say(`${fresh.length} new exchanges, the last ${fresh[0].dataset.status} ${fresh[0].dataset.outcome}`);
}

function addRows(html) {
  if (!waiting.length) requestAnimationFrame(showWaiting);
  waiting.push(...parsed(html).querySelectorAll("li"));
}

function showList(html) {
  const fresh = parsed(html);
  const ids = (root) => [...root.querySelectorAll("li")].map((row) => row.id).join();
  if (older && fresh.querySelector("li")?.id === find("rows").firstElementChild?.id) return;
  if (ids(fresh) === ids(find("list"))) return;
  const focused = document.activeElement?.closest?.("#rows li")?.id;
  waiting = [];
  older = 0;
  find("list").replaceChildren(fresh);
  if (focused) find(focused)?.firstElementChild.focus({ preventScroll: true });
  changed();
}

async function showOlder(link) {
  const { html } = await part(link.href, "list");
  const fresh = parsed(html);
  const rows = [...fresh.querySelectorAll("li")].filter((row) => !find(row.id));
  older += rows.length;
  find("rows").append(...rows);
  find("older").remove();
  const next = fresh.querySelector("#older");
  if (next) find("list").append(next);
  rows[0]?.firstElementChild.focus();
}

// --- what happens -----------------------------------------------------------------------------

let events;

function live(on) {
  find("live").classList.toggle("on", on);
  find("live-word").textContent = on ? "live" : "not live";
}

function listen() {
  events?.close();
  events = new EventSource(`${HOME}inspector/live${query()}`);
  events.addEventListener("open", () => live(true));
  events.addEventListener("error", () => live(false));
  events.addEventListener("list", (event) => showList(event.data));
  events.addEventListener("rows", (event) => addRows(event.data));
  events.addEventListener("overview", (event) => patch(event.data));
}

// Replaces the sections that have changed; forms are not among them.
function patch(html) {
  for (const section of [...parsed(html).children]) {
    const old = find(section.id);
    if (old && old.outerHTML !== section.outerHTML) old.replaceWith(section);
  }
}

// A hidden tab gives its connection back: a browser has six for one host.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { events?.close(); live(false); } else listen();
});
addEventListener("pagehide", () => events?.close());

// --- one exchange -----------------------------------------------------------------------------

function showOpened(html) {
  find("opened").innerHTML = html;
  document.body.classList.toggle("reading", html !== "");
  const about = html && find("opened-title").textContent.replace(/\s+/g, " ").trim();
  document.title = `${about ? `${about} · ` : ""}${document.title.split(" · ").slice(-2).join(" · ")}`;
  markOpened();
}

async function open(address, { push = true, ...options } = {}) {
  const got = await part(address, "opened", options);
  if (push) history.pushState(null, "", got.address);
  showOpened(got.html);
  find("pane").scrollTop = 0;
  find("opened-title").focus();
}

function close() {
  const row = document.querySelector('#rows [aria-current]');
  history.pushState(null, "", `${HOME}${query()}`);
  showOpened("");
  row?.focus();
}

addEventListener("popstate", () => {
  readFilter();
  if (location.pathname === HOME) showOpened("");
  else open(location.href, { push: false }).catch(failed);
  if (events && !events.url.endsWith(`/live${query()}`)) listen();
});

function failed(error) {
  say(String(error.message ?? error));
  find("opened").innerHTML = "";
  const text = document.createElement("p");
  text.className = "problem bad";
  text.textContent = error.message ?? error;
  find("opened").append(text);
}

async function copy(button) {
  const source = find(button.dataset.copy);
  let copied = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    const details = source.closest("details");
    details.open = true;
    getSelection().selectAllChildren(source);
    copied = document.execCommand("copy");
  }
  const before = button.textContent;
  button.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
  say(`Command ${copied ? "copied" : "selected"}`);
  setTimeout(() => { button.textContent = before; }, 2000);
}

addEventListener("click", (event) => {
  const target = event.target.closest("a, button");
  if (!target || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const act = target.dataset.copy ? () => copy(target)
    : target.id === "close" ? close
    : target.closest("#rows") ? () => open(target.href)
    : target.closest("#older") ? () => showOlder(target)
    : undefined;
  if (!act) return;
  event.preventDefault();
  Promise.resolve(act()).catch(failed);
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("reading")) close();
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const row = step && event.target.closest?.("#rows li");
  if (!row) return;
  event.preventDefault();
  row[step]?.firstElementChild.focus();
});

// --- forms ------------------------------------------------------------------------------------

addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  const sent = { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) };
  if (form.id === "filter") filter();
  else if (form.id === "script") script(form, sent);
  else replay(form, sent).catch(failed);
});

async function replay(form, sent) {
  const button = form.querySelector("button");
  button.disabled = true;
  button.textContent = "Sending …";
  await open(form.action, sent);
  say("Sent again");
}

async function script(form, sent) {
  const trouble = find("script-problem");
  trouble.hidden = true;
  try {
    const account = encodeURIComponent(form.account.value.trim());
    patch((await part(`${HOME}inspector/${account}/scenario`, "overview", sent)).html);
    say(sent.body.get("do") === "clear" ? "Scenario cleared" : "Step added");
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}


const form = find("filter");

function readFilter() {
  const asked = new URLSearchParams(query());
  for (const name of ["text", "outcome", "account"]) form[name].value = asked.get(name) ?? "";
}

let typing;
function filter() {
  clearTimeout(typing);
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  const search = asked.size ? `?${asked}` : "";
  if (search === query()) return;
  history.replaceState(null, "", location.pathname + search);
  older = 0;
  if (form.account.value) find("script").account.value = form.account.value;
  listen();
}
form.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(filter, 200); });

document.documentElement.classList.add("scripted");
markOpened();
if (!document.hidden) listen();
