// Tests of the client against a fake of the service: aleph-contract exec -- @TEST@

import assert from "node:assert/strict";
import { test } from "@RUNNER@";
import { run } from "./aleph-client.mjs";

const call = (input, token = process.env.CLOUDFLARE_API_TOKEN) =>
  run(input, {
    base_url: process.env.CLOUDFLARE_BASE_URL,
    account_id: process.env.CLOUDFLARE_ACCOUNT_ID,
    api_token: token,
  });

const EDIT = { prompt: "Make it night", video_uri: "https://example.com/a.mp4", seed: 0 };

test("an edit returns its video", async () => {
  assert.match(await call(EDIT), /^https?:\/\/.+\.mp4$/);
});

test("a failure is an error", async () => {
  await assert.rejects(call(EDIT, "fault-rate-limited"));
});
