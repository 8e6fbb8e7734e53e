"use strict";
// Updates a page by the event stream that its `data-live` names.

const byId = (id) => document.getElementById(id);
const HOME = document.querySelector("h1 a").pathname;
const queryString = () => location.search;

function parseHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Replaces the sections that have changed, and keeps the focus on the link that had it.
function replaceSections(html) {
  for (const section of [...parseHtml(html).children]) {
    const old = byId(section.id);
    if (!old || old.outerHTML === section.outerHTML) continue;
    const link = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    old.replaceWith(section);
    if (link) section.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
  }
}

let events;
const listeners = { sections: replaceSections };

function setConnected(on) {
  byId("live").classList.toggle("on", on);
  byId("live-label").textContent = on ? "connected" : "not connected";
}

function connect() {
  events?.close();
  events = new EventSource(`${document.body.dataset.live}${queryString()}`);
  events.addEventListener("open", () => setConnected(true));
  events.addEventListener("error", () => setConnected(false));
  for (const [name, listener] of Object.entries(listeners)) {
    events.addEventListener(name, (event) => listener(event.data));
  }
}

// A hidden tab closes its connection, because a browser opens at most six to one host.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { events?.close(); setConnected(false); } else connect();
});
addEventListener("pagehide", () => events?.close());

document.documentElement.classList.add("scripted");
addEventListener("DOMContentLoaded", () => { if (!document.hidden) connect(); }); // after the other scripts
