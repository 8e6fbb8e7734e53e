// A run with fetch, and one with an agent of node:https; the host is written into the program.
import https from "node:https";

const url = `https://api.cloudflare.com/client/v4/accounts/${process.env.CLOUDFLARE_ACCOUNT_ID}/ai/run`;
const input = { prompt: "Make it snow", video_uri: "https://example.com/v.mp4", duration: 5 };
const options = {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.CLOUDFLARE_API_TOKEN}`,
    "Content-Type": "application/json",
  },
};
const body = JSON.stringify({ model: "runwayml/aleph-2", input });

console.log((await fetch(url, { ...options, body })).status);
const agent = new https.Agent({ keepAlive: true });
const request = https.request(url, { ...options, agent }, (response) => {
  console.log(response.statusCode);
  response.resume();
  response.on("end", () => agent.destroy());
});
request.end(body);
