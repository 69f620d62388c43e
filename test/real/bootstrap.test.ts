import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseImage, madeImages, ownArchitecture, pythonImage } from "../../thin_client/engine/base.ts";
import { removeFolder, until } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { allProcesses, commandLine } from "../../thin_client/engine/processes.ts";
import { needs } from "../bed/parts.ts";
import { docker } from "../bed/workflow.ts";

const file = (path: string) => fileURLToPath(new URL(`../../thin_client/${path}`, import.meta.url));
const template = file("template/devops/docker_build");
const inImage = (image: string, text: string) =>
  docker("run", "--rm", "--network=none", `--volume=${template}:/template:ro`, image, "sh", "-ec", text);

beforeAll(() => needs("base", "python"));

describe.each(madeImages)("%s", (image) => {
  it("is a Debian in which all packages are installed, and none lacks another, or a file that is no text to read", async () => {
    const text = `
dpkg --audit
apt-get check --quiet=2
dpkg --verify | grep -vE ' /usr/share/(doc|info|lintian|locale|man)/' || true
dpkg-query -W -f '\${db:Status-Status}\\n' | sort -u`;
    expect(await inImage(image, text)).toBe("installed");
  });

  it("keeps nothing of how it was made", async () => {
    const text =
      "find /dev/shm /mnt /tmp /var/log /var/cache/apt /var/lib/apt/lists /etc/machine-id -type f 2>/dev/null || true";
    expect(await inImage(image, text)).toBe("");
  });
});

describe(pythonImage, () => {
  it("has what the template installs by apt: no list is read for it, and nothing is fetched", async () => {
    expect(await inImage(pythonImage, "sh /template/install_os_packages.sh /template/os_packages.txt")).toBe("");
  });

  it("has its Python compiled for files of any time, as a layer gives all of them the same", async () => {
    const text = `
from pathlib import Path
print({path.read_bytes()[4] for path in Path("/usr/lib").rglob("*.pyc")})`;
    expect(await inImage(pythonImage, `python3 -B -c '${text}'`)).toBe("{3}");
  });
});

describe("an archive", () => {
  const dir = mkdtempSync(join(tmpdir(), "bootstrap-"));
  const env = { ...process.env, XDG_CACHE_HOME: join(dir, "cache"), XDG_DATA_HOME: join(dir, "data") };
  const { images } = layout(env);
  const names = () => (existsSync(images) ? readdirSync(images) : []);
  const work = () => names().find((name) => name.endsWith(".unfinished")) ?? "none";
  const rootOf = () => join(images, work(), ownArchitecture());
  afterAll(() => removeFolder(dir));

  const text = `
    const { ensureMadeArchive } = await import(${JSON.stringify(file("engine/base.ts"))});
    const { layout } = await import(${JSON.stringify(file("engine/layout.ts"))});
    await ensureMadeArchive(layout(process.env), "${baseImage}", () => undefined);`;
  const make = () => {
    const words = ["--import", file("../node_modules/tsx/dist/loader.mjs"), "--input-type=module", "--eval", text];
    return spawn(process.execPath, words, { env, stdio: "ignore" });
  };
  const ended = (child: ReturnType<typeof make>) =>
    new Promise<string | number | null>((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const isInside = (pid: number) => {
    try {
      return readlinkSync(`/proc/${pid}/root`).startsWith(dir);
    } catch {
      return false; // It has just ended.
    }
  };
  const left = () => allProcesses().filter(({ pid }) => commandLine(pid).includes(`${dir}/`) || isInside(pid));
  const installs = () => (statSync(join(rootOf(), "var/lib/dpkg/status"), { throwIfNoEntry: false })?.size ?? 0) > 0;

  it("whose maker is killed while it installs has no name, and nothing goes on or stays mounted", async () => {
    const child = make();
    const end = ended(child);
    expect(await until(installs, 300_000)).toBe(true);
    expect(left().some(({ pid }) => isInside(pid))).toBe(true);
    child.kill("SIGKILL");
    expect(await end).toBe("SIGKILL");
    expect(await until(() => left().length === 0, 60_000)).toBe(true);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(dir);
    expect(names().filter((name) => name.endsWith(".tar"))).toEqual([]);
  });

  it("is made by the next one that wants it, whole", async () => {
    expect(await ended(make())).toBe(0);
    expect(names().filter((name) => !name.startsWith("lock-"))).toEqual([expect.stringMatching(/\.tar$/)]);
  });

  it("is left alone by one after that, who removes what somebody left who was killed while he tidied up", async () => {
    const [archive = ""] = names().filter((name) => name.endsWith(".tar"));
    const { mtimeMs } = statSync(join(images, archive));
    mkdirSync(join(images, `${archive}.unfinished`, "etc"), { recursive: true });
    expect(await ended(make())).toBe(0);
    expect(names().filter((name) => !name.startsWith("lock-"))).toEqual([archive]);
    expect(statSync(join(images, archive)).mtimeMs).toBe(mtimeMs);
  });
});
