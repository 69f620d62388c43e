import { UserError } from "../../errors.ts";
import { isLoopback } from "../../names/address.ts";
import { isNode, textAt, valueAt } from "../../text/shape.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** A value, where it stands, and the variable that a person sets to change it. */
type Setting = { readonly value: string; readonly from: string; readonly variable: string };

/** A proxy that requests go by; its URL has no password. */
export type HttpProxy = Omit<Setting, "value"> & {
  readonly url: URL;
  /** The value of `Proxy-Authorization`; null where the proxy's URL has no user. */
  readonly authorization: string | null;
  /** What no message may show. */
  readonly secrets: readonly string[];
};

/** Where a request goes: by a proxy, or directly where there is none for it. */
export type Way = { readonly proxy: HttpProxy | null; readonly noProxy: Setting | null };

/**
 * The way to a URL by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` in either case, the lower first as in curl, and behind them by
 * `proxies` of docker's configuration (Docker's documentation, "Use a proxy server with the Docker CLI"). Loopback is always
 * direct, as in Go's ProxyFromEnvironment.
 */
export function wayTo(url: URL, env: Env, dockerConfig: unknown): Way {
  if (isLoopback(url.host)) return { proxy: null, noProxy: null };
  const scheme = url.protocol.slice(0, -1);
  const proxies = valueAt(dockerConfig, "proxies");
  const own = valueAt(proxies, env["DOCKER_HOST"] ?? "");
  const ofDocker = isNode(own) ? own : valueAt(proxies, "default");
  const setting = (variable: string): Setting | null => {
    const upper = variable.toUpperCase();
    const name = [variable, upper].find((one) => env[one]);
    if (name) return { value: env[name] ?? "", from: name, variable: name };
    const key = variable.replace("_proxy", "Proxy");
    const value = textAt(ofDocker, key);
    return value ? { value, from: `${key} of docker's configuration`, variable: upper } : null;
  };
  const [proxy, noProxy] = [setting(`${scheme}_proxy`), setting("no_proxy")];
  const isDirect = proxy === null || (noProxy !== null && isNamed(url.hostname, noProxy.value));
  return { proxy: isDirect ? null : parseProxy(proxy), noProxy };
}

function parseProxy({ value, from, variable }: Setting): HttpProxy {
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === "" || !/^https?:$/.test(url.protocol))
    // The value may hold a password.
    throw new UserError(`${from} is no URL of a proxy`, {
      why: "A proxy is an http or https URL, with USER:PASSWORD@ before its name where it asks for a login.",
      fix: `export ${variable}=http://HOST:PORT`,
    });
  const [user, password] = [decoded(url.username), decoded(url.password)];
  const login = Buffer.from(`${user}:${password}`).toString("base64");
  const secrets = [url.password, password, login].filter((secret) => user !== "" && secret !== "");
  url.username = "";
  url.password = "";
  return { url, from, variable, authorization: user === "" ? null : `Basic ${login}`, secrets };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether `NO_PROXY` names a host, by curl's rules (curl, "lib/noproxy.c"): a name with all names below it, an address or a
 * range of them, or `*` alone for all. A port, a scheme or a `*` in front of a name match nothing.
 */
export function isNamed(hostname: string, noProxy: string): boolean {
  if (noProxy === "*") return true;
  const host = hostname.replace(/^\[|\]$/g, "");
  const matches = bitsOf(host) ? (entry: string) => isInRange(entry, host) : (entry: string) => isBelow(entry, host);
  return entriesOf(noProxy).some(matches);
}

const entriesOf = (noProxy: string): readonly string[] => noProxy.split(/[ \t,]+/).filter((entry) => entry !== "");

function isBelow(entry: string, host: string): boolean {
  const [domain, name] = [entry.replace(/\.$/, "").replace(/^\./, ""), host.replace(/\.$/, "")].map((text) =>
    text.toLowerCase(),
  );
  return domain !== "" && (name === domain || name?.endsWith(`.${domain}`) === true);
}

/** The entry of `NO_PROXY` that a person will have meant for a host, and that does not match it: it has a port, a scheme or a `*`. */
export function nearMiss(hostname: string, noProxy: string): string | null {
  const bare = (entry: string) =>
    entry
      .replace(/^[a-z]+:\/\//i, "")
      .replace(/^\*/, "")
      .replace(/:[0-9]+\/?$|\/$/, "");
  return entriesOf(noProxy).find((entry) => bare(entry) !== "" && isNamed(hostname, bare(entry))) ?? null;
}

/**
 * Whether an engine's `RegistryConfig` has a registry as insecure: by name, or where its host is an address of a range
 * (Docker's documentation, "Deploy a plain HTTP registry").
 */
export function isInsecure(host: string, registryConfig: unknown): boolean {
  if (valueAt(registryConfig, "IndexConfigs", host, "Secure") === false) return true;
  const ranges = valueAt(registryConfig, "InsecureRegistryCIDRs");
  const name = host.replace(/:[0-9]+$/, "").replace(/^\[|\]$/g, "");
  return Array.isArray(ranges) && ranges.some((range) => isInRange(String(range), name));
}

/** Whether an IP address is the one given, or in the range `192.0.2.0/24`; a length that is none or 0 is the whole address. */
function isInRange(range: string, address: string): boolean {
  const [network = "", length] = range.split("/", 2);
  const [one, other] = [bitsOf(network), bitsOf(address)];
  if (one === null || other?.length !== one.length) return false;
  const most = one.length;
  const bits = Number.parseInt(length ?? "", 10) || most;
  return bits > 0 && bits <= most && one.slice(0, bits) === other.slice(0, bits);
}

/** The 32 or 128 bits of an IP address, as text; null where it is none. */
function bitsOf(address: string): string | null {
  const binary = (number: number, size: number) => number.toString(2).padStart(size, "0");
  const isFour = /^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/.test(address);
  if (isFour) {
    const bytes = address.split(".").map(Number);
    return bytes.some((byte) => byte > 255) ? null : bytes.map((byte) => binary(byte, 8)).join("");
  }
  const url = `http://[${address}]/`;
  if (!address.includes(":") || !URL.canParse(url)) return null;
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const words = (text: string) => text.split(":").filter((word) => word !== "");
  const rest = words(tail ?? "");
  const zeros = tail === undefined ? [] : Array<string>(8 - words(head).length - rest.length).fill("0");
  return [...words(head), ...zeros, ...rest].map((word) => binary(Number.parseInt(word, 16), 16)).join("");
}
