"use strict";

// A Miniflare plugin that connects `env.AI` to the fake. It binds the client code of the runtime
// (module cloudflare-internal:ai-api of every workerd binary, also used in production) with the fake
// as its service. It works in Miniflare 4 and 5, and so in wrangler, vitest and getPlatformProxy.
// It connects to the address of the fake only.

const { connect } = require("node:net");

const NAME = "aleph-contract";

exports.plugins = {
  [NAME]: {
    bindingTypeDescription: "AI",

    getBindings(options) {
      return bindingsOf(options).map(({ name, service }) => ({
        name,
        wrapped: {
          moduleName: "cloudflare-internal:ai-api",
          innerBindings: [{ name: "fetcher", service: { name: service } }],
        },
      }));
    },

    getServices({ options }) {
      return bindingsOf(options).map(({ service, address }) => {
        warnUnlessListening(address);
        return { name: service, external: { address, http: {} } };
      });
    },

    getNodeBindings(options) {
      const names = bindingsOf(options).map(({ name }) => name);
      if (names.length === 0) return {};
      const Proxied = proxyNodeBinding();
      return Object.fromEntries(names.map((name) => [name, new Proxied()]));
    },
  },
};

/** The AI bindings of one Worker. Miniflare 4 passes a list, Miniflare 5 the Worker's options. */
function bindingsOf(options = []) {
  const pairs = Array.isArray(options)
    ? options.map(({ name, options }) => [name, options])
    : Object.entries(options.config?.env ?? {})
        .filter(([, binding]) => binding.dev?.plugin?.name === NAME)
        .map(([name, binding]) => [name, binding.dev.options]);
  return pairs.map(([name, given]) => {
    const address = addressFor(name, given);
    return { name, address, service: `${NAME}:${address}` };
  });
}

/** The address of the fake. The environment variable overrides the configuration file. */
function addressFor(name, given) {
  const { ALEPH_CONTRACT_BINDING_ADDRESS: override, CLOUDFLARE_BASE_URL: base } = process.env;
  const address = override || given?.address || hostOf(base);
  if (/^[^\s/@]+:\d+$/.test(address ?? "")) return address;
  const format = "HOST:PORT, such as 127.0.0.1:8790";
  throw new TypeError(
    address === undefined
      ? `aleph-contract: binding ${name} has no address: set "address" in its options, ` +
          `or ALEPH_CONTRACT_BINDING_ADDRESS, to ${format}`
      : `aleph-contract: binding ${name}: ${JSON.stringify(address)} is not an address; use ${format}`,
  );
}

/** Host and port of an http base URL. An https URL is ignored: it is that of the live API. */
function hostOf(base) {
  const url = base && URL.canParse(base) ? new URL(base) : undefined;
  return url?.protocol === "http:" ? `${url.hostname}:${url.port || 80}` : undefined;
}

/** Without a fake, a Worker only sees "Network connection lost."; this warning gives the reason. */
function warnUnlessListening(address) {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(address);
  const socket = connect({ host, port: Number(port) }, () => socket.destroy()).unref();
  socket.on("error", ({ message }) => {
    const start = `start it with: aleph-contract serve --port ${port}`;
    console.warn(`aleph-contract: no fake answers on ${address} (${message}); ${start}`);
  });
}

/** The class that Miniflare checks with instanceof. It does not pass the class to plugins. */
function proxyNodeBinding() {
  for (const loaded of Object.values(require.cache)) {
    if (loaded?.exports?.ProxyNodeBinding) return loaded.exports.ProxyNodeBinding;
  }
  throw new Error("aleph-contract: cannot find Miniflare's ProxyNodeBinding in this process");
}
