"use strict";

// A Miniflare plugin that makes `env.AI` local: it binds the client code that every workerd binary
// carries (module cloudflare-internal:ai-api, the one that runs in production) and gives it the
// fake as its service. Miniflare 4 and 5 load it, and with them wrangler, vitest and
// getPlatformProxy. Nothing is sent anywhere but to that address.

const { connect } = require("node:net");

const NAME = "aleph-contract";

exports.plugins = {
  [NAME]: {
    bindingTypeDescription: "AI",

    getBindings(options) {
      return declared(options).map(({ name, service }) => ({
        name,
        wrapped: {
          moduleName: "cloudflare-internal:ai-api",
          innerBindings: [{ name: "fetcher", service: { name: service } }],
        },
      }));
    },

    getServices({ options }) {
      return declared(options).map(({ service, address }) => {
        warnUnlessListening(address);
        return { name: service, external: { address, http: {} } };
      });
    },

    getNodeBindings(options) {
      const names = declared(options).map(({ name }) => name);
      if (names.length === 0) return {};
      const Proxied = proxyNodeBinding();
      return Object.fromEntries(names.map((name) => [name, new Proxied()]));
    },
  },
};

/** The AI bindings of one Worker: Miniflare 4 hands a list, Miniflare 5 the Worker's options. */
function declared(options = []) {
  const own = Array.isArray(options)
    ? options.map(({ name, options }) => [name, options])
    : Object.entries(options.config?.env ?? {})
        .filter(([, binding]) => binding.dev?.plugin?.name === NAME)
        .map(([name, binding]) => [name, binding.dev.options]);
  return own.map(([name, given]) => {
    const address = addressFor(name, given);
    return { name, address, service: `${NAME}:${address}` };
  });
}

/** Where the fake listens: what this one run was told goes before what a file says. */
function addressFor(name, given) {
  const { ALEPH_CONTRACT_BINDING_ADDRESS: told, CLOUDFLARE_BASE_URL: base } = process.env;
  const address = told || given?.address || hostOf(base);
  if (/^[^\s/@]+:\d+$/.test(address ?? "")) return address;
  const wanted = "HOST:PORT, such as 127.0.0.1:8787";
  throw new TypeError(
    address === undefined
      ? `aleph-contract: binding ${name} has no address: set "address" in its options, ` +
          `or ALEPH_CONTRACT_BINDING_ADDRESS, to ${wanted}`
      : `aleph-contract: binding ${name}: ${JSON.stringify(address)} is no address; it takes ${wanted}`,
  );
}

/** Host and port of a plain base URL; the live API is https, and never reached from here. */
function hostOf(base) {
  const url = base && URL.canParse(base) ? new URL(base) : undefined;
  return url?.protocol === "http:" ? `${url.hostname}:${url.port || 80}` : undefined;
}

/** All that a Worker sees of an absent fake is "Network connection lost."; so it is said here. */
function warnUnlessListening(address) {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(address);
  const socket = connect({ host, port: Number(port) }, () => socket.destroy()).unref();
  socket.on("error", ({ message }) => {
    const start = `start it with: aleph-contract serve --port ${port}`;
    console.warn(`aleph-contract: no fake answers on ${address} (${message}); ${start}`);
  });
}

/** Miniflare knows its own class by identity, and does not hand it to plugins. */
function proxyNodeBinding() {
  for (const loaded of Object.values(require.cache)) {
    if (loaded?.exports?.ProxyNodeBinding) return loaded.exports.ProxyNodeBinding;
  }
  throw new Error("aleph-contract: cannot find Miniflare's ProxyNodeBinding in this process");
}
