// Run a Worker once under Miniflare, with env.AI bound to the fake, and print its response:
//
//   node probe.mjs MINIFLARE PLUGIN WORKER URL...
//
// MINIFLARE is the name of the package; PLUGIN is the output of `aleph-contract workers --json`.

import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import esbuild from "esbuild";

const [name, plugin, worker, ...urls] = process.argv.slice(2);
const { options, ...specifier } = JSON.parse(plugin);
const require = createRequire(import.meta.url);
const { Miniflare, convertV4MiniflareOptions = (options) => options } = require(name);
const build = { entryPoints: [worker], bundle: true, format: "esm", write: false };
const [{ text: script }] = esbuild.buildSync(build).outputFiles;

const started = performance.now();
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    modules: true,
    script,
    compatibilityDate: "2026-06-15",
    cf: false,
    unsafeBindings: [{ name: "AI", type: "ai", plugin: specifier, options }],
  }),
);
const answers = [];
for (const url of urls) {
  const reply = await miniflare.dispatchFetch(new URL(url, "http://worker/"));
  answers.push(await reply.json());
  if (answers.length === 1) answers.unshift(performance.now() - started);
}
await miniflare.dispose();
const [milliseconds, ...rest] = answers;
console.log(JSON.stringify({ milliseconds, answers: rest }));
