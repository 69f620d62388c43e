import { UserError } from "../errors.ts";
import { legalName, parseImageName } from "../names/image.ts";
import { type Account, parseAccount } from "./new_dir.ts";
import { parseRegistryAddress } from "./registry.ts";

/** What a repo of the Python toolchain says in `repo_config.py` and in the scripts beside it. */
export type OldConfig = {
  readonly repoName: string;
  readonly imageName: string;
  readonly account: Account | null;
  readonly invalidWords: readonly string[];
  readonly registries: readonly string[];
};

/** The text of `repo_config.py`, and those of other files that set the address of its registry. */
export type OldTexts = { readonly repoConfig: string | null; readonly others: readonly string[] };

/** Reads names and registries from the text of `repo_config.py`, which is never run: what is no plain value is not known. */
export function readOldConfig({ repoConfig, others }: OldTexts): OldConfig {
  if (repoConfig === null)
    throw new UserError("there is no repo_config.py to adopt", {
      why: "It is where the Python toolchain keeps the names of a repo.",
      fix: "Add the toolchain anew: i init",
    });
  const value = (name: string) => literalOf(repoConfig, name);
  const image = value("get_docker_base_image_name")?.[0];
  if (image === undefined)
    throw new UserError("repo_config.py does not say the name of the image", {
      why: "It is read and never run, and get_docker_base_image_name() returns no plain text there.",
      fix: "Write repo_config.yaml with the name: i init --name NAME",
    });
  const name = value("get_name")?.[0]?.replace(/^\/\//, "");
  const long = value("get_repo_map")?.at(-1) ?? "";
  return {
    repoName: /^[\w.-]+$/.test(name ?? "") ? (name ?? image) : image,
    imageName: parseImageName(isLegal(image) ? image : legalName(image)),
    account: accountOf(value("get_host_name")?.[0] ?? "github.com", long),
    invalidWords: (value("get_invalid_words") ?? []).filter((word) => /^[\w .-]+$/.test(word)),
    registries: [...new Set([repoConfig, ...others].flatMap(registriesIn))],
  };
}

const isLegal = (name: string): boolean => legalName(name) === name || /^[a-z0-9_.-]+$/.test(name);

function accountOf(host: string, path: string): Account | null {
  try {
    return parseAccount(`${host}/${path.split("/").slice(0, -1).join("/")}`);
  } catch {
    return null;
  }
}

/** The texts that a function without arguments returns: one, a list, or a dict of them; null for anything else. */
function literalOf(text: string, name: string): readonly string[] | null {
  const [, body] =
    new RegExp(`^def ${name}\\(\\)[^\\n]*:[ \\t]*\\n((?:[ \\t]+[^\\n]*\\n|\\n)*)`, "m").exec(`${text}\n`) ?? [];
  const code = (body ?? "").replace(/^\s*(?:"""[\s\S]*?"""|'''[\s\S]*?''')/, "").replaceAll(/^\s*#.*$/gm, "");
  const returned = /^\s*return (.+)$/m.exec(code)?.[1]?.trim() ?? "";
  const assigned = /^[A-Za-z_]\w*$/.test(returned)
    ? new RegExp(`^\\s*${returned}(?:\\s*:[^=\\n]*)?\\s*=\\s*([\\s\\S]*?)\\n\\s*return `, "m").exec(code)?.[1]
    : undefined;
  const value = (assigned ?? returned).trim();
  const plain = /^[[{(]?(?:\s|,|:|"[^"\\\n]*"|'[^'\\\n]*')*[\]})]?$/;
  if (value === "" || !plain.test(value)) return null;
  return [...value.matchAll(/"([^"]*)"|'([^']*)'/g)].map(([, double, single]) => double ?? single ?? "");
}

/** The addresses that a file gives to the variable that the toolchain takes its registry from, in Python, shell or YAML. */
function registriesIn(text: string): readonly string[] {
  const assigned = /\b(?:AM|CK|CSFY)_ECR_BASE_PATH["']?\]?\s*[=:]\s*["']?([\w.:/-]+)/g;
  const named = [...text.matchAll(assigned)].map(([, address = ""]) => address);
  const plain = text.match(/\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\b/g) ?? [];
  return [...named, ...plain].filter((address) => {
    try {
      return parseRegistryAddress(address) !== "" && /[./]/.test(address);
    } catch {
      return false;
    }
  });
}
