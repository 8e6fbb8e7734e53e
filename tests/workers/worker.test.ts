import { env, exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import { samples } from "./src/samples";

it.each(Object.keys(samples))("%s", async (name) => {
  expect(await samples[name]!(env as Env)).toMatchObject({
    state: "Completed",
    result: { video: expect.stringMatching(/^https:/) },
  });
});

it("returns the video", async () => {
  const body = JSON.stringify({ prompt: "Make it night", video_uri: "https://example.com/a.mp4" });
  const reply = await exports.default.fetch("http://worker/", { method: "POST", body });
  expect(await reply.json()).toEqual({ video: expect.stringMatching(/\.mp4$/) });
});

it("throws the error of the service", async () => {
  await expect((env as Env).AI.run("runwayml/aleph-3", {})).rejects.toMatchObject({
    name: "AiGatewayError",
    message: "7003: User Input Error",
  });
});
