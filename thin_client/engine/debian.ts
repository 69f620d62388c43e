import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";

/** A Debian that the private engine can come up on, and where its packages come from. */
export type Debian = { readonly codename: string; readonly mirror: string; readonly security: string };

/** Debian's own address, where a machine names none, or its own does not answer. */
export const usualMirror = "http://deb.debian.org/debian";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const oldest = 12;

const readText = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** The machine's Debian; refuses every other system with the line to type there. */
export function assertDebian(): Debian {
  const release = Object.fromEntries(
    readText("/etc/os-release")
      .split("\n")
      .map((line) => line.split("=", 2).map((part) => part.replace(/^"|"$/g, ""))),
  ) as Record<string, string | undefined>;
  const codename = release["VERSION_CODENAME"];
  if (release["ID"] === "debian" && codename && Number(release["VERSION_ID"] ?? oldest + 1) >= oldest) {
    return { codename, ...findMirrors(codename) };
  }
  throw new UserError(`no Docker engine answers, and this is ${release["PRETTY_NAME"] ?? process.platform}`, {
    why: "the private engine is made of Debian's own packages and needs Debian 12 or newer.",
    fix: installLine(release["ID"] ?? process.platform),
    kind: "no_engine",
  });
}

const installLines: Readonly<Record<string, string>> = {
  ubuntu: "Install Docker: sudo apt-get install docker.io docker-buildx docker-compose-v2",
  fedora: "Install Docker: sudo dnf install moby-engine docker-buildx docker-compose && sudo systemctl start docker",
  arch: "Install Docker: sudo pacman -S docker docker-buildx docker-compose && sudo systemctl start docker",
  darwin: "Install Docker: brew install --cask docker, then start it",
};

const installLine = (system: string): string =>
  installLines[system] ??
  "Install Docker as https://docs.docker.com/engine/install tells, then run the same command again.";

/** Refuses to go on without the rights that a daemon needs. */
export function assertRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new UserError("no Docker engine answers, and this is not root", {
    why: "a private engine mounts file systems and makes networks, which only root may.",
    fix: "Install Docker: sudo apt-get install docker.io docker-cli docker-buildx docker-compose, or run the same command as root.",
    kind: "no_engine",
  });
}

/** The mirrors in use on this machine, read from apt's source files in both of their formats. */
function findMirrors(codename: string): { readonly mirror: string; readonly security: string } {
  const parts = "/etc/apt/sources.list.d";
  const files = [
    "/etc/apt/sources.list",
    ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : []),
  ];
  const suites = new Map(files.flatMap((file) => parseSources(readText(file))));
  return {
    mirror: suites.get(codename) ?? usualMirror,
    security: suites.get(`${codename}-security`) ?? "http://deb.debian.org/debian-security",
  };
}

/** The pairs of suite and address in one source file. */
export function parseSources(text: string): readonly (readonly [string, string])[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  const oneLine = lines.flatMap((line) => {
    const [, uri, suite] = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line) ?? [];
    return uri && suite ? [[suite, uri] as const] : [];
  });
  const stanzas = lines
    .join("\n")
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const field = (name: string) =>
        new RegExp(`^${name}:\\s*(.*)$`, "im").exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
      const [uri] = field("URIs");
      return uri && field("Enabled")[0] !== "no" ? field("Suites").map((suite) => [suite, uri] as const) : [];
    });
  return [...oneLine, ...stanzas];
}

/** The text of a source file with all of a release, or with its main part alone. */
export function sourcesText({ codename, mirror, security }: Debian, parts: "all" | "main" = "all"): string {
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n`;
  if (parts === "main") return stanza(mirror, codename);
  return `${stanza(mirror, `${codename} ${codename}-updates`)}\n${stanza(security, `${codename}-security`)}`;
}
