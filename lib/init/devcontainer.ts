import type { ChosenDir } from "../config/new_dir.ts";
import { placeholderAccount } from "../git/git_remote.ts";

/** A file beside the toolchain, with its path from the repo's root. */
export type RootFile = { readonly path: string; readonly content: string; readonly executable: boolean };

/** Where the settings of a dev container lie: one in the folder, several in folders of their own (containers.dev, "devcontainer.json"). */
const folderOf = ({ dir, choice }: ChosenDir): string =>
  dir === "." ? ".devcontainer" : `.devcontainer/${choice.name}`;

/**
 * The dev image as editors open it (containers.dev): the repo on /app, and a user who becomes whoever opens it. The image knows
 * no such user, so a feature of the repo's own adds one, which is fetched from nowhere.
 */
export function devcontainerFiles(chosen: ChosenDir): readonly RootFile[] {
  const { dir, choice } = chosen;
  const folder = folderOf(chosen);
  const settings = {
    name: choice.name,
    image: `${choice.registries[0] ?? `ghcr.io/${placeholderAccount}`}/${choice.name}:dev`,
    workspaceMount: "source=${localWorkspaceFolder},target=/app,type=bind",
    workspaceFolder: dir === "." ? "/app" : `/app/${dir}`,
    features: { "./caller": {} },
    remoteUser: "caller",
    updateRemoteUserUID: true,
  };
  const feature = { id: "caller", version: "1.0.0", name: "The user of the dev container" };
  return [
    { path: `${folder}/devcontainer.json`, content: json(settings), executable: false },
    { path: `${folder}/caller/devcontainer-feature.json`, content: json(feature), executable: false },
    { path: `${folder}/caller/install.sh`, content: installer, executable: true },
  ];
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const installer = [
  "#!/bin/sh",
  "# Adds the user of the dev container, whose uid becomes that of whoever opens the repo. It stands before others of its",
  "# uid, so that files are theirs whatever users the image has.",
  "set -eu",
  "",
  "shell=$(command -v bash || command -v sh)",
  'printf "caller:x:1000:1000::/home/caller:%s\\n" "$shell" | cat - /etc/passwd >/tmp/passwd',
  "cat /tmp/passwd >/etc/passwd",
  "rm /tmp/passwd",
  'grep -q "^[^:]*:[^:]*:1000:" /etc/group || echo "caller:x:1000:" >>/etc/group',
  "mkdir -p /home/caller",
  "chown 1000:1000 /home/caller",
  "if [ -d /etc/sudoers.d ]; then",
  '  echo "caller ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/sudoers.d/caller',
  "  chmod 0440 /etc/sudoers.d/caller",
  "fi",
  "",
].join("\n");
