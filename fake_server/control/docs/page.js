// Builds the page from the OpenAPI document. Texts are inserted as text, not as HTML.
"use strict";

function element(name, properties = {}, ...children) {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
}

function resolve(api, schema) {
  return schema?.$ref ? schema.$ref.slice(2).split("/").reduce((node, key) => node[key], api) : schema;
}

// An example value of a schema, as the initial body.
function exampleOf(api, unresolved) {
  const schema = resolve(api, unresolved) ?? {};
  if (schema.examples) return schema.examples[0];
  if ("default" in schema) return schema.default;
  if (schema.type === "array") return [exampleOf(api, schema.items)];
  if (schema.type !== "object") return schema.type === "integer" ? 1 : "";
  const entries = Object.entries(schema.properties ?? {});
  return Object.fromEntries(entries.map(([name, child]) => [name, exampleOf(api, child)]));
}

function field(parameter) {
  const input = element("input", { name: parameter.name, required: parameter.required });
  input.dataset.in = parameter.in;
  const defaultValue = parameter.schema?.default;
  if (defaultValue !== undefined) input.placeholder = String(defaultValue);
  const description = parameter.description ?? parameter.schema?.description ?? "";
  return element("label", {}, element("span", { textContent: parameter.name }), input,
    element("small", { textContent: description }));
}

function address(path, form) {
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(input.name, input.value);
  }
  return query.size ? `${path}?${query}` : path;
}

async function send(output, method, url, body) {
  output.hidden = false;
  output.textContent = `${method} ${url} …`;
  try {
    const options = { method, headers: body ? { "content-type": "application/json" } : {}, body };
    const response = await fetch(url, options);
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: show the text */ }
    output.textContent = `${method} ${url}\n${response.status} ${response.statusText}\n\n${shown}`;
  } catch (error) {
    output.textContent = `${method} ${url}\n${error}`;
  }
}

function operation(api, path, method, described) {
  const form = element("form");
  const output = element("pre", { hidden: true });
  output.setAttribute("aria-live", "polite");
  form.append(...(described.parameters ?? []).map(field));
  const schema = described.requestBody?.content["application/json"].schema;
  const body = schema && element("textarea", {
    value: JSON.stringify(exampleOf(api, schema), null, 2), spellcheck: false,
  });
  if (body) form.append(element("label", {}, element("span", { textContent: "body" }), body));
  const stream = "text/event-stream" in (described.responses["200"]?.content ?? {});
  if (stream) form.append(element("p", { textContent: "An event stream; use curl -N." }));
  else form.append(element("button", { textContent: "Try it" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(output, method.toUpperCase(), address(path, form), body?.value || undefined);
  });
  const [line, ...more] = (described.description ?? described.summary ?? "").split("\n\n");
  const summary = element("summary", {},
    element("span", { className: "method", textContent: method.toUpperCase() }),
    element("span", { className: "path", textContent: path }),
    element("span", { className: "about", textContent: line }));
  const paragraphs = more.map((text) => element("p", { textContent: text }));
  return element("details", {}, summary, ...paragraphs, form, output);
}

async function build() {
  const api = await (await fetch("openapi.json")).json();
  document.title = api.info.title;
  document.getElementById("title").textContent = api.info.title;
  document.getElementById("description").textContent = api.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const [tag] = described.tags ?? ["other"];
      groups.set(tag, [...(groups.get(tag) ?? []), operation(api, path, method, described)]);
    }
  }
  const sections = [...groups].flatMap(([tag, members]) => [element("h2", { textContent: tag }), ...members]);
  document.getElementById("operations").replaceChildren(...sections);
}

build().catch((error) => { document.getElementById("operations").textContent = String(error); });
