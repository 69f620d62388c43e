import { type Account, type Choice, parseAccount, parseDockerfile, parseTestCommand } from "../config/new_dir.ts";
import { parseReference } from "../names/image.ts";
import { flag, list, text } from "../run/options.ts";
import { parseRegistryList } from "./look_new_dir.ts";

/** What may be typed of a new runnable dir; a person is asked for the rest, and what is there is the answer else. */
export const newDirOptions = {
  name: text<string>("NAME", "Name of the image (default: that of package.json, of the Git remote, or of the dir)."),
  account: text<Account>("HOST/ACCOUNT", "Where the repo is hosted (default: as the Git remote says).", {
    parse: parseAccount,
  }),
  registries: list("ADDRESSES", "Registries of the image, comma-separated (default: that of the host).", {
    parse: parseRegistryList,
  }),
  dockerfile: text<string>(
    "FILE",
    "Dockerfile to copy for the dev image, or new (default: Dockerfile, if there is one).",
    {
      parse: (value) => {
        parseDockerfile(value);
        return value;
      },
    },
  ),
  baseImage: text<string>("IMAGE", "What a new Dockerfile starts from (default: what the Dockerfile starts from).", {
    aliases: ["base-name"],
    parse: (value) => {
      parseReference(value);
      return value;
    },
  }),
  testCommand: text<Choice["test"]>(
    "WORDS",
    "What runs the fast tests, pytest, or none (default: what the files suggest).",
    {
      parse: parseTestCommand,
    },
  ),
  schema: flag("Write the line too by which editors check and complete repo_config.yaml."),
  devcontainer: flag("Write .devcontainer too, with which editors open the repo in the dev image."),
};
