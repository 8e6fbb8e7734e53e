// Connects the client to the verifier: one JSON object per line, reports in any order.
//
//   aleph-contract verify client --stdio -- node @PATH@

import { run } from "./aleph-client.mjs";

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function answer({ case: id, input, ...account }) {
  try {
    say({ type: "result", case: id, result: await run(input, account) });
  } catch (error) {
    const details = error.details ?? { stage: "transport" };
    const message = error.cause ? `${error.message}: ${error.cause.message}` : error.message;
    say({ type: "result", case: id, error: { ...details, message } });
  }
}

const client = { name: "client", version: process.versions.node, language: "JavaScript" };
const hear = {
  hello: () => say({ type: "hello", protocol: 1, client, max_in_flight: 8 }),
  run: answer,
  bye: () => process.stdin.destroy(),
};

// Not node:readline: it also ends a line at U+2028, which JSON allows inside a string.
process.stdin.setEncoding("utf8");
let rest = "";
process.stdin.on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    hear[message.type](message);
  }
});
