// Node's fetch over the line protocol; the argument chooses the manners.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function once({ base_url, account_id, api_token, input }, options) {
  const reply = await fetch(`${base_url}/accounts/${account_id}/ai/run`, {
    method: "POST",
    headers: { Authorization: `Bearer ${api_token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: "runwayml/aleph-2", input }),
    ...options(),
  });
  if (!reply.ok) throw Object.assign(new Error(`status ${reply.status}`), { status: reply.status });
  return (await reply.json()).result.video;
}

const repeated = (request, options) =>
  once(request, options).catch(async () => {
    await new Promise((done) => setTimeout(done, 2000));
    return once(request, options);
  });

const WORKER = new URL("clock_worker.mjs", import.meta.url);
const PACKAGES = new URL("../tests/workers/package.json", import.meta.url);

async function startWorkerd() {
  const { Miniflare, convertV4MiniflareOptions = (options) => options } =
    createRequire(PACKAGES)("miniflare");
  const script = await readFile(WORKER, "utf8");
  const options = { modules: true, script, compatibilityDate: "2026-06-15", cf: false };
  return new Miniflare(convertV4MiniflareOptions(options));
}

let started;

// The Worker's code in Node, or in workerd
const inNode = async (call) => (await import(WORKER)).default.fetch(new Request("http://w/", call));
const inWorkerd = async (call) =>
  (await (started ??= startWorkerd())).dispatchFetch("http://w/", call);

async function worker(request, run) {
  const reply = await run({ method: "POST", body: JSON.stringify(request) });
  const { video, error } = await reply.json();
  if (error) throw Object.assign(new Error(error.message), error);
  return video;
}

const manners = {
  // undici's own limit of 300 s until the headers
  default: (request) => once(request, () => ({})),
  // 80 s for the whole call, and one repetition
  repeats: (request) => repeated(request, () => ({ signal: AbortSignal.timeout(80_000) })),
  worker: (request) => worker(request, inNode),
  workerd: (request) => worker(request, inWorkerd),
};

const call = manners[process.argv[2]];
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === "hello") {
    const client = { name: `node ${process.argv[2]}`, version: "1", language: "JavaScript" };
    say({ type: "hello", protocol: 1, client, max_in_flight: 8 });
  } else if (message.type === "bye") {
    break;
  } else {
    const { case: id } = message;
    call(message).then(
      (video) => say({ type: "result", case: id, video }),
      ({ status, message: text }) =>
        say({
          type: "result",
          case: id,
          error: { stage: status ? "api" : "transport", status, message: text },
        }),
    );
  }
}
if (started) await (await started).dispose();
