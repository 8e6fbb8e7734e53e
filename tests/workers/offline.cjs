"use strict";

// Loaded before a Node program. Logs every address outside this machine that the program resolves
// or connects to.

const { appendFileSync } = require("node:fs");
const dns = require("node:dns");
const net = require("node:net");

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/;

function logHost(host) {
  if (typeof host === "string" && !LOOPBACK.test(host)) {
    appendFileSync(process.env.OFFLINE_LOG, `${host}\n`);
  }
}

const { lookup } = dns;
dns.lookup = function (host, ...rest) {
  logHost(host);
  return lookup.call(this, host, ...rest);
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given;
  logHost(typeof options === "object" ? options.host : given[1]);
  return connect.apply(this, given);
};
