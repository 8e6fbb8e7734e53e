// The client that the tests check. Call your own client in `run`, and delete the rest.

const MODEL = "runwayml/aleph-2";
const TIMEOUT = 600; // seconds: a run takes minutes, and is billed even if the client gives up

class RunError extends Error {
  constructor(message, details) {
    super(message);
    this.details = details;
  }
}

/** Run one edit and resolve to the URL of its video. */
export async function run(input, { base_url, account_id, api_token, timeout_seconds = TIMEOUT }) {
  const reply = await fetch(`${base_url}/accounts/${account_id}/ai/run`, {
    method: "POST",
    headers: { Authorization: `Bearer ${api_token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: MODEL, input }),
    redirect: "manual",
    signal: AbortSignal.timeout(timeout_seconds * 1000),
  });
  return videoOf(reply, await reply.text());
}

/** Read a reply, bare as documented or in the envelope of the live API. */
function videoOf(reply, text) {
  const answer = isJson(reply) ? parse(text) : undefined;
  const finished = answer?.success === true ? answer.result : answer;
  const video = finished?.result?.video;
  const refusal = answer?.errors?.[0];
  if (reply.status === 200 && !refusal && finished?.state === "Completed") {
    if (typeof video === "string" && video.includes("://")) return video;
  }
  throw new RunError(refusal?.message ?? `no video: ${text.slice(0, 200)}`, {
    stage: "api",
    status: reply.status,
    code: refusal?.code,
  });
}

function isJson(reply) {
  return reply.headers.get("content-type")?.split(";")[0].trim() === "application/json";
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
