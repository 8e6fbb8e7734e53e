// Make every kind of call to env.AI once, and return the results.

import { samples } from "../../fixtures/workers/samples";

const MODEL = "runwayml/aleph-2";
const INPUT = { prompt: "Make it night", video_uri: "https://example.com/scene.mp4" };
const stream = () => ({ body: new Response("video").body, contentType: "video/mp4" });

type AI = Record<string, any>; // the runtime has more members than its published types

const probes: Record<string, (ai: AI, env: Env) => unknown> = {
  ...Object.fromEntries(
    Object.entries(samples).map(([name, run]) => [`sample: ${name}`, (_: AI, env: Env) => run(env)]),
  ),
  "another input": (ai) => ai.run(MODEL, INPUT),
  "invalid input": (ai) => ai.run(MODEL, { ...INPUT, seed: -1 }),
  "unknown field": (ai) => ai.run(MODEL, { ...INPUT, stream: true }),
  "field missing": (ai) => ai.run(MODEL, { prompt: "Make it night" }),
  "no input": (ai) => ai.run(MODEL),
  "unknown model": (ai) => ai.run("runwayml/aleph-3", INPUT),
  "another model": (ai) => ai.run("@cf/meta/llama-3.1-8b-instruct", { prompt: "Hello" }),
  prefix: (ai) => ai.run(MODEL, INPUT, { prefix: "beta" }),
  "no credits": (ai) => ai.run(MODEL, INPUT, { gateway: { id: "fault-no-credits" } }),
  gateway: (ai) =>
    ai.run(MODEL, INPUT, { gateway: { id: "0".repeat(31) + "1", skipCache: true, cacheTtl: 60 } }),
  "extra headers": (ai) => ai.run(MODEL, INPUT, { extraHeaders: { "x-request-source": "probe" } }),
  "raw response": async (ai) => {
    const reply: Response = await ai.run(MODEL, INPUT, { returnRawResponse: true });
    return { status: reply.status, type: reply.headers.get("content-type"), body: await reply.json() };
  },
  "raw refusal": async (ai) => {
    const reply: Response = await ai.run(MODEL, {}, { returnRawResponse: true });
    return { status: reply.status, type: reply.headers.get("content-type"), body: await reply.json() };
  },
  stream: (ai) => ai.run(MODEL, { ...INPUT, video_uri: stream() }),
  "two streams": (ai) => ai.run(MODEL, { prompt: stream(), video_uri: stream() }),
  "stream without type": (ai) => ai.run(MODEL, { video_uri: { body: stream().body } }),
  "stream through a gateway": (ai) =>
    ai.run(MODEL, { ...INPUT, video_uri: stream() }, { gateway: { id: "default" } }),
  websocket: async (ai) => (await ai.run(MODEL, INPUT, { websocket: true })).status,
  aborted: (ai) => ai.run(MODEL, INPUT, { signal: AbortSignal.abort() }),
  models: (ai) => ai.models(),
  "to markdown": (ai) => ai.toMarkdown([{ name: "a.txt", blob: new Blob(["a"]) }]),
  "gateway url": (ai) => ai.gateway("default").getUrl("runwayml"),
  "gateway log": (ai) => ai.gateway("default").getLog("1"),
};

export default {
  async fetch(request, env) {
    const only = new URL(request.url).searchParams.get("only");
    const ai = env.AI as unknown as AI;
    const outcomes: Record<string, unknown> = {};
    for (const [name, probe] of Object.entries(probes)) {
      if (only === null || name === only) outcomes[name] = await outcome(() => probe(ai, env), ai);
    }
    return Response.json(outcomes);
  },
} satisfies ExportedHandler<Env>;

async function outcome(probe: () => unknown, ai: AI) {
  const after = () => ({
    requestId: ai.lastRequestId,
    logId: ai.aiGatewayLogId,
    status: ai.lastRequestHttpStatusCode,
    code: ai.lastRequestInternalStatusCode,
  });
  try {
    const value = await probe();
    return { value: value instanceof ReadableStream ? "a stream" : value, ...after() };
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message, ...after() };
  }
}
