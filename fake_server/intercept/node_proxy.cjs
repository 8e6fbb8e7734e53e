"use strict";
// Leads the HTTPS requests of a Node.js process through the proxy in HTTPS_PROXY.
//
// `aleph-contract exec --intercept` loads it with NODE_OPTIONS=--require: before 22.21 and 24.5,
// Node.js reads no proxy variable, and later versions use one for fetch and the default agent only.
// It covers fetch and every https.Agent. http2.connect, tls.connect and the dispatchers of an undici
// from npm are not covered.

const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const tls = require("node:tls");

/** Where Node.js keeps the dispatcher of its own fetch (lib/global.js of undici). */
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");

const direct = new Set((process.env.NO_PROXY ?? "").split(","));

function isDirect(host) {
  const name = (host ?? "localhost").replace(/^\[|\]$/g, "").toLowerCase();
  return direct.has(name) || name.startsWith("127.") || name.endsWith(".localhost");
}

/** Open a tunnel through the proxy; call back with an error, or with the socket. */
function openTunnel(host, port, callback) {
  const proxy = new URL(process.env.HTTPS_PROXY);
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const request = http.request({
    host: proxy.hostname,
    port: proxy.port,
    method: "CONNECT",
    path: authority,
    headers: { host: authority },
    agent: false,
  });
  request.once("error", callback);
  request.once("connect", (response, socket, head) => {
    if (response.statusCode === 200) return callback(null, socket);
    socket.destroy();
    callback(new Error(head.toString().trim() || `the proxy answered ${response.statusCode}`));
  });
  request.end();
}

function coverAgents() {
  const original = https.Agent.prototype.createConnection;
  https.Agent.prototype.createConnection = function createConnection(...given) {
    const [options, callback] = given;
    const host = options?.host ?? options?.hostname;
    if (typeof callback !== "function" || options.socketPath || isDirect(host)) {
      return original.apply(this, given);
    }
    openTunnel(host, options.port || 443, (error, socket) => {
      if (error) return callback(error);
      callback(null, tls.connect({ ...options, path: undefined, socket }));
    });
  };
}

function coverFetch() {
  void globalThis.Headers; // loads the fetch of Node.js, which sets its dispatcher
  const original = globalThis[DISPATCHER];
  if (original?.constructor.name !== "Agent") return; // this version reads HTTPS_PROXY itself
  const tunnelled = new original.constructor({ connect: connectSecurely });
  globalThis[DISPATCHER] = Object.create(original, {
    dispatch: {
      value(options, handler) {
        const { protocol, hostname } = new URL(options.origin);
        const to = protocol === "https:" && !isDirect(hostname) ? tunnelled : original;
        return to.dispatch(options, handler);
      },
    },
  });
}

/** A connector of undici: it calls back when the TLS handshake is done. */
function connectSecurely({ hostname, port, servername }, callback) {
  openTunnel(hostname, port || 443, (error, socket) => {
    if (error) return callback(error);
    const secure = tls.connect({ socket, servername: servername || hostname });
    secure.once("secureConnect", () => {
      secure.removeListener("error", callback);
      callback(null, secure);
    });
    secure.once("error", callback);
  });
}

if (process.env.HTTPS_PROXY) {
  coverAgents();
  coverFetch();
}
