// Tests of env.AI against a fake of the service: aleph-contract exec -- @TEST@

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { getPlatformProxy } from "wrangler";

// `aleph-contract init` writes this file: it holds the path of the plugin on this machine.
const { env, dispose } = await getPlatformProxy({
  configPath: "wrangler.aleph.jsonc",
  environment: "offline",
});
after(dispose);

const EDIT = { prompt: "Make it night", video_uri: "https://example.com/a.mp4", seed: 0 };

test("an edit returns its video", async () => {
  const run = await env.AI.run("runwayml/aleph-2", EDIT);
  assert.equal(run.state, "Completed");
  assert.match(run.result.video, /^https?:\/\/.+\.mp4$/);
});

test("a failure is an error", async () => {
  const gateway = { id: "fault-rate-limited" }; // the fake answers this gateway with 429
  await assert.rejects(env.AI.run("runwayml/aleph-2", EDIT, { gateway }));
});
