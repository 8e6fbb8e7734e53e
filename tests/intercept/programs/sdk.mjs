// The official SDK, configured by CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN alone.
import Cloudflare from "../../../fixtures/node_modules/cloudflare/index.mjs";

const input = { prompt: "Make it snow", video_uri: "https://example.com/v.mp4", duration: 5 };
const path = `/accounts/${process.env.CLOUDFLARE_ACCOUNT_ID}/ai/run`;
const reply = await new Cloudflare().post(path, { body: { model: "runwayml/aleph-2", input } });
console.log(reply.result.video);
