import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../lib/config/config.ts";
import { loadConfig } from "../../lib/doors/settings.ts";
import { UserError } from "../../lib/errors.ts";

/** The config of a runnable dir whose repo_config.yaml holds this text. */
export async function configOf(text: string, env: Readonly<Record<string, string>> = {}): Promise<Config> {
  const root = mkdtempSync(join(tmpdir(), "slipway-unit-"));
  try {
    writeFileSync(join(root, "repo_config.yaml"), text);
    const place = { root, dir: ".", owner: root, gitDir: `${root}/.git`, cwd: ".", gitMounts: [], gitPrograms: [] };
    return await loadConfig(place, env);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** What is said about a repo_config.yaml that is refused. */
export const refusedConfig = async (text: string): Promise<UserError> => {
  const result: unknown = await configOf(text).catch((error: unknown) => error);
  if (result instanceof UserError) return result;
  throw new Error("the config was taken");
};

/** repo_config.yaml of the original, as its repo has it. */
export const originalYaml = `repo_info:
  repo_name: helpers
  github_repo_account: causify-ai
  github_host_name: github.com
  invalid_words:
  issue_prefix: HelpersTask

docker_info:
  docker_image_name: helpers

s3_bucket_info:
  unit_test_bucket_name: s3://cryptokaizen-unit-test
  html_bucket_name: s3://cryptokaizen-html
  html_ip: http://172.30.2.44

container_registry_info:
  ecr: 623860924167.dkr.ecr.eu-north-1.amazonaws.com
  ghcr: ghcr.io/cryptokaizen

runnable_dir_info:
  use_helpers_as_nested_module: False
  venv_tag: helpers
  dir_suffix: helpers
`;
