import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandOptions, must, type Outcome, run, until } from "../../thin_client/engine/command.ts";
import { daemonAnswers } from "../../thin_client/engine/daemon.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { registryConfig } from "../../thin_client/engine/registries.ts";
import { type Authority, inDays, makeAuthority, type Pair } from "./certificates.ts";
import { apartEngine } from "./engine.ts";
import { needs } from "./parts.ts";
import { ensureTiny } from "./tiny.ts";
import { write } from "./tiny_repo.ts";
import { type Runtime, runtimes, workflow } from "./workflow.ts";

/** Where the hosts of the company listen, in a network of its own; none is loopback, which Docker trusts unasked. */
const addresses = {
  /** Asks for a client certificate. */
  "registry.one.test": "192.0.2.1",
  /** Only the proxy knows where it is. */
  "registry.two.test": "192.0.2.2",
  /** Sends to a token server on another host. */
  "registry.three.test": "192.0.2.3",
  "auth.three.test": "192.0.2.4",
  "proxy.test": "192.0.2.5",
  /** For what a test plants. */
  "wrong.test": "192.0.2.6",
} as const;
type Host = keyof typeof addresses;
export const registries = {
  r1: "registry.one.test:5000",
  r2: "registry.two.test:5000",
  r3: "registry.three.test:5000",
} as const;
/** Speaks plain http, and the engine's settings name it as insecure; the other is named by nobody. */
export const [plainForEngine, plain] = ["wrong.test:5005", "wrong.test:5004"] as const;
export const login = { user: "ada", password: "planted-registry-5d1c" } as const;
export const proxyLogin = { user: "bob", password: "planted-proxy-93fe" } as const;
export const proxyUrl = `http://${proxyLogin.user}:${proxyLogin.password}@proxy.test:3128`;

/** A company: registries with CAs of their own, a proxy with a password, a token server, and an engine among them. */
export type Company = {
  readonly dir: string;
  readonly authorities: Readonly<Record<keyof typeof registries, Authority>>;
  readonly client: Pair;
  /** The environment of a person of the company, whose home is `dir/home`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a program on a machine of the company; `etc` is laid over the machine's own /etc. */
  readonly run: (argv: readonly string[], options?: CommandOptions & { readonly etc?: string }) => Promise<Outcome>;
  readonly i: (cwd: string, runtime: Runtime, more?: Readonly<Record<string, string | undefined>>) => I;
  /** Starts a program there that ends with the company, with its output in `dir/<name>.log`. */
  readonly start: (name: string, argv: readonly string[]) => void;
  /** What the proxy has let through or refused, line by line. */
  readonly proxyLog: () => string;
  readonly end: () => Promise<void>;
};
export type I = (name: string, ...words: readonly string[]) => Promise<Outcome>;

const hostsFile = (known: readonly Host[]): string =>
  ["127.0.0.1 localhost", ...known.map((host) => `${addresses[host]} ${host}`), ""].join("\n");
const everyone = Object.keys(addresses).filter((host): host is Host => host in addresses);

/** Starts all of it. */
export async function makeCompany(): Promise<Company> {
  await needs("engine", "tiny", "tinyproxy", "openssl");
  const apart = await apartEngine();
  const dir = dirname(apart.network);
  const inside = (argv: readonly string[], etc = join(dir, "etc")): readonly string[] => {
    const mounted = `mount -t overlay overlay -o lowerdir=${etc}:/etc /etc && exec "$@"`;
    return ["nsenter", `--net=${apart.network}`, "unshare", "--mount", "sh", "-c", mounted, "sh", ...argv];
  };
  const children: ChildProcess[] = [];
  const start = (
    name: string,
    argv: readonly string[],
    own: { readonly etc?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ) => {
    const log = openSync(join(dir, `${name}.log`), "a");
    const [starter, ...words] = ["setpriv", "--pdeathsig", "KILL", ...inside(argv, own.etc)] as const;
    children.push(spawn(starter, words, { stdio: ["ignore", log, log], env: { ...process.env, ...own.env } }));
    closeSync(log);
  };
  for (const address of Object.values(addresses))
    await must(["nsenter", `--net=${apart.network}`, "ip", "address", "add", `${address}/32`, "dev", "lo"]);

  const certificates = join(dir, "certificates");
  mkdirSync(certificates);
  const [r1, r2, r3] = await Promise.all(["one", "two", "three"].map((name) => makeAuthority(certificates, name)));
  if (!r1 || !r2 || !r3) throw new Error("three names give three CAs");
  const authorities = { r1, r2, r3 };
  const client = await r1.issue("client of one");
  const tokens = await r3.issue("auth.three.test");
  const ca = (at: Authority) => readFileSync(at.cert, "utf8");
  const pair = { "client.cert": readFileSync(client.cert, "utf8"), "client.key": readFileSync(client.key, "utf8") };
  const folder = (host: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`docker/certs.d/${host}/${name}`, text]));
  // The proxy's machine knows every host, a person's not the one behind it; the engine has all CAs in Docker's own place.
  const known = hostsFile(everyone.filter((host) => host !== "registry.two.test"));
  const one = folder(registries.r1, { "ca.crt": ca(r1), ...pair });
  write(join(dir, "etc"), { hosts: known, ...one });
  const [two, three] = [folder(registries.r2, { "ca.crt": ca(r2) }), folder(registries.r3, { "ca.crt": ca(r3) })];
  write(join(dir, "etc_engine"), { hosts: known, ...one, ...two, ...three });
  write(join(dir, "etc_proxy"), { hosts: hostsFile(everyone) });

  const at = layout(process.env);
  await Promise.all(
    (Object.keys(registries) as (keyof typeof registries)[]).map(async (key) => {
      const [host, port] = registries[key].split(":");
      const served = await authorities[key].issue(host ?? "");
      const address = `${addresses[host as Host]}:${port}`;
      const config = JSON.parse(registryConfig({ address, storage: join(dir, key) }));
      config.http.tls = {
        certificate: served.cert,
        key: served.key,
        ...(key === "r1" ? { clientcas: [r1.cert] } : {}),
      };
      const realm = "https://auth.three.test:5001/token";
      if (key === "r3") config.auth = { token: { realm, service: "three", issuer: "three", rootcertbundle: r3.cert } };
      writeFileSync(join(dir, `${key}.yml`), JSON.stringify(config));
      start(key, [join(at.bin, "docker-registry"), "serve", join(dir, `${key}.yml`)]);
    }),
  );
  const program = fileURLToPath(new URL("./jwt_server.ts", import.meta.url));
  start("auth", [
    ...runtimes.tsx,
    program,
    tokens.cert,
    tokens.key,
    addresses["auth.three.test"],
    login.user,
    login.password,
  ]);
  const conf = `Port 3128\nListen ${addresses["proxy.test"]}\nBasicAuth ${proxyLogin.user} ${proxyLogin.password}\nLogFile "${dir}/proxy_access.log"\nLogLevel Connect\nMaxClients 50\n`;
  writeFileSync(join(dir, "tinyproxy.conf"), conf);
  start("proxy", ["tinyproxy", "-d", "-c", join(dir, "tinyproxy.conf")], { etc: join(dir, "etc_proxy") });

  const own = layout(apart.env);
  for (const place of [own.exec, own.log, own.data, own.run]) mkdirSync(place, { recursive: true });
  writeFileSync(
    join(own.run, "daemon.json"),
    JSON.stringify({ features: { "containerd-snapshotter": true }, "insecure-registries": [plainForEngine] }),
  );
  const socket = `unix://${join(own.run, "docker.sock")}`;
  const places = ["--data-root", own.data, "--exec-root", own.exec, "--pidfile", join(own.run, "dockerd.pid")];
  const passing = { HTTPS_PROXY: proxyUrl, NO_PROXY: "registry.one.test,.three.test" };
  const path = `${at.bin}:${process.env["PATH"]}:/usr/sbin:/sbin`;
  start(
    "dockerd",
    [join(at.bin, "dockerd"), "--config-file", join(own.run, "daemon.json"), ...places, "--host", socket],
    {
      etc: join(dir, "etc_engine"),
      env: { PATH: path, ...passing, SSL_CERT_FILE: r3.cert },
    },
  );
  if (!(await until(() => daemonAnswers(own), 300_000)))
    throw new Error(readFileSync(join(dir, "dockerd.log"), "utf8"));
  await ensureTiny(own, { ...process.env, DOCKER_HOST: socket });

  const home = join(dir, "home");
  const auth = { auth: btoa(`${login.user}:${login.password}`) };
  write(join(home, ".docker"), {
    "config.json": JSON.stringify({ auths: { [registries.r3]: auth } }),
    [`certs.d/${registries.r2}/ca.crt`]: ca(r2),
  });
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "", "cli-plugins"), join(home, ".docker", "cli-plugins"));
  const env = {
    ...process.env,
    ...passing,
    HOME: home,
    DOCKER_CONFIG: undefined,
    DOCKER_HOST: socket,
    SSL_CERT_FILE: r3.cert,
    SSL_CERT_DIR: undefined,
    NODE_EXTRA_CA_CERTS: undefined,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    CI: undefined,
    VITEST: undefined,
  };
  const runThere: Company["run"] = (argv, { etc, ...options } = {}) => run(inside(argv, etc), { env, ...options });
  return {
    dir,
    authorities,
    client,
    env,
    run: runThere,
    i:
      (cwd, runtime, more = {}) =>
      (name, ...words) =>
        runThere(workflow(runtime, name, ...words), { cwd, env: { ...env, ...more } }),
    start,
    proxyLog: () => readFileSync(join(dir, "proxy_access.log"), "utf8"),
    end: async () => {
      for (const child of children.reverse()) child.kill("SIGTERM");
      await until(() => children.every(({ exitCode, signalCode }) => (exitCode ?? signalCode) !== null), 20_000);
      for (const child of children) child.kill("SIGKILL");
      await apart.end();
    },
  };
}

/** Starts what is wrong, beside what the company has: registries with certificates that nobody should take, and a proxy that hangs. */
export async function plant({ dir, authorities: { r3 }, client, start }: Company): Promise<void> {
  const address = addresses["wrong.test"];
  const served = [
    await r3.issue("wrong.test", { days: [inDays(-9), inDays(-1)] }),
    await r3.issue("wrong.test", { days: [inDays(1), inDays(9)] }),
    await r3.issue("right.test"),
    null,
    null,
  ];
  for (const [index, pair] of served.entries()) {
    const at = `${address}:${5001 + index}`;
    const config = JSON.parse(registryConfig({ address: at, storage: join(dir, `wrong${index}`) }));
    if (pair) config.http.tls = { certificate: pair.cert, key: pair.key };
    const file = join(dir, `wrong${index}.yml`);
    writeFileSync(file, JSON.stringify(config));
    start(`wrong${index}`, [join(layout(process.env).bin, "docker-registry"), "serve", file]);
  }
  const silent = `require("node:net").createServer(() => {}).listen(3129, "${addresses["proxy.test"]}")`;
  start("silent", [...runtimes.bun, "-e", silent]);
  writeFileSync(join(dir, "rubbish.crt"), "no certificate\n");
  const encrypted = ["-aes256", "-passout", "pass:word", "-out", join(dir, "encrypted.key")];
  await must(["openssl", "pkey", "-in", client.key, ...encrypted]);
  await must(["chmod", "000", join(dir, "etc/docker/certs.d", registries.r1, "client.key")]);
}
