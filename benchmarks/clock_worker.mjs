// A Worker that calls the REST endpoint, for `clock.py`: 65 s for each call, and one repetition.

async function once({ base_url, account_id, api_token, input }) {
  const reply = await fetch(`${base_url}/accounts/${account_id}/ai/run`, {
    method: "POST",
    headers: { Authorization: `Bearer ${api_token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: "runwayml/aleph-2", input }),
    signal: AbortSignal.timeout(65_000),
  });
  if (!reply.ok) return { error: { stage: "api", status: reply.status, message: "refused" } };
  return { video: (await reply.json()).result.video };
}

export default {
  async fetch(request) {
    const call = await request.json();
    try {
      return Response.json(await once(call).catch(() => once(call)));
    } catch ({ message }) {
      return Response.json({ error: { stage: "transport", message } });
    }
  },
};
