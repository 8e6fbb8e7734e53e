// Asserts the exact result, and that a failure is an error with its status.
import { expect, test } from "vitest";

const { CLOUDFLARE_BASE_URL: base, CLOUDFLARE_ACCOUNT_ID: account, CLOUDFLARE_API_TOKEN: token } = process.env;
const control = `${process.env.ALEPH_CONTRACT_CONTROL_URL}accounts/${account}`;
const GOOD = {
  prompt: "Make it snow",
  video_uri: "https://example.com/street.mp4",
  seed: 7,
  duration: 5,
  keyframes: [
    { uri: "https://example.com/first.png", seconds: 0.5 },
    { uri: "https://example.com/last.png", seconds: 4.25 },
  ],
};

async function edit(input) {
  const reply = await fetch(`${base}/accounts/${account}/ai/run`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: "runwayml/aleph-2", input }),
    redirect: "manual",
    signal: AbortSignal.timeout(4000),
  });
  const answer = await reply.json();
  const video = answer?.result?.video;
  if (reply.status !== 200 || answer.state !== "Completed" || !video?.includes?.("://")) {
    throw new Error(`no video: status ${reply.status}`);
  }
  return video;
}

test("the result is returned", async () => {
  const video = await edit(GOOD);
  const { exchanges } = await (await fetch(`${control}/exchanges`)).json();
  const sent = JSON.parse(Buffer.from(exchanges.at(-1).response_body.base64, "base64"));
  expect(video).toBe(sent.result.video);
});

test("a failure is an error", async () => {
  await fetch(`${control}/scenario`, { method: "PUT", body: '[{"fault":"no-credits"}]' });
  await expect(edit(GOOD)).rejects.toThrow("402");
});
