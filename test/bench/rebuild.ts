import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitAll } from "../bed/git.ts";
import { makeGround, write } from "../bed/tiny_repo.ts";
import { workflow } from "../bed/workflow.ts";
import { medians, type Row } from "./measure.ts";

const files = 20_000;

/** A no-change rebuild in a repo of 20,000 files against the original's way: the whole tree through tar into the legacy builder. */
export async function rebuild(): Promise<Row[]> {
  const ground = await makeGround(0);
  try {
    const repo = await ground.repo("bench-rebuild", { registries: { r1: "127.0.0.1:5000" } });
    for (let folder = 0; folder < 100; folder += 1) {
      const line = `def function_${folder}(first, second):\n    return first * ${folder} + second\n`;
      write(
        repo,
        Object.fromEntries(
          Array.from({ length: files / 100 }, (_, at) => [
            `src/${folder}/module_${at}.py`,
            `# ${at}\n${line.repeat(40)}`,
          ]),
        ),
      );
    }
    writeFileSync(
      join(repo, "docker_build.sh"),
      "tar -czh . | DOCKER_BUILDKIT=0 docker build --quiet --tag bench-rebuild-tar --file devops/docker_build/plain.Dockerfile -\n",
    );
    write(repo, {
      "devops/docker_build/plain.Dockerfile": "FROM slipway/tiny:1\nCOPY devops/docker_build/words.txt /words.txt\n",
    });
    await commitAll(repo, "Many files");
    const ours = workflow("bun", "docker_build_local", "--version", "1.0.0", "--yes");
    const [mine = 0, tar = 0] = await medians([ours, ["bash", "docker_build.sh"]], 3, { cwd: repo });
    const seen = `${(tar / mine).toFixed(1)} x faster (${mine.toFixed(2)} s against ${tar.toFixed(2)} s)`;
    return [{ what: `no-change rebuild in a repo of ${files} files`, seen, bar: ">= 10 x", ok: tar / mine >= 10 }];
  } finally {
    await ground.end();
  }
}
