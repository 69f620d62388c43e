/** What one case installs into the image: the metadata that installers leave, and the files that an import would find. */
export type Installed = {
  /** Files below site-packages with their texts; by default a package called as the distribution is. */
  readonly files?: Readonly<Record<string, string>>;
  /** Installed without a RECORD, as the operating system does: only the names of what is at the top. */
  readonly tops?: readonly string[];
  readonly scripts?: readonly string[];
  readonly groups?: Readonly<Record<string, string>>;
  readonly requires?: readonly string[];
};
export type Case = {
  /** The rule that the case shows. */
  readonly rule: string;
  readonly name: string;
  readonly state: "used" | "unused" | "allowed" | "unknown";
  readonly why: string;
  /** Null where the image does not have it. */
  readonly installed: Installed | null;
  /** Files of the repo, path -> text. */
  readonly repo?: Readonly<Record<string, string>>;
};

/** A package that is installed and used. */
export const used = (name: string, rule: string, why: string, repo: Case["repo"], installed: Installed = {}): Case => ({
  ...{ rule, name, state: "used", why, installed },
  ...(repo ? { repo } : {}),
});

/** A package that is installed and that nothing uses. */
export const unused = (name: string, rule: string, repo: Case["repo"] = {}, installed: Installed = {}): Case => ({
  ...{ rule, name, state: "unused", why: "nothing names it", installed, repo },
});

/** A package of one file. */
export const one = (path: string, text = ""): Installed => ({ files: { [path]: text } });
