import { quote } from "../plan/render_plan.ts";
import { oneLine } from "../text/visible.ts";

/** What kept Git from doing something, in its own words; why, and the line to type next. */
export type GitFailure = { readonly said: string; readonly why: string; readonly fix: string };
type Row = { readonly says: RegExp; readonly why: string; readonly fix: (remote: string, text: string) => string };

const address = (remote: string): string =>
  `Check its address: git remote get-url ${remote}; set another one: git remote set-url ${remote} ADDRESS`;
const prefix =
  "Have refs/slipway/* let through, or set release.ref_prefix: refs/heads/slipway in repo_config.yaml where only heads and tags may be pushed";

/** The first that fits counts: a server that refuses says more than one of these. */
const rows: readonly Row[] = [
  {
    says: /insufficient permission for adding an object/,
    why: "The account that runs Git on the server may not write into the repo there.",
    fix: () =>
      "Ask the server's administrator to fix the ownership of the repo's files; then run the same command again",
  },
  {
    says: /^remote: .*(No space left|quota exceeded)|unpacker error|remote unpack failed/i,
    why: "The server could not store what was pushed: its disk is full or not writable.",
    fix: () => "Ask the server's administrator to free some space; then run the same command again",
  },
  {
    says: /No space left on device|Out of diskspace|Disk quota exceeded/i,
    why: "The disk of this clone is full.",
    fix: () => "Free some space, e.g. docker buildx prune; then run the same command again",
  },
  {
    says: /archived so it is read-only/,
    why: "The repo is archived and accepts no pushes.",
    fix: address,
  },
  {
    says: /GH006|GH013|protected branch|protected tag|protected ref|as it is protected/i,
    why: "A rule of the server protects this ref.",
    fix: () => `Ask someone who can change the rule. ${prefix}`,
  },
  {
    says: /deny updating a hidden ref|prohibited by Gerrit|only push (branches|heads)|hook declined/i,
    why: "The server takes no ref of this name from you: a hook of it, or its settings, refused it.",
    fix: () => prefix,
  },
  {
    says: /Host key verification failed|HOST IDENTIFICATION HAS CHANGED/,
    why: "ssh does not know that host's key, or knows a different one.",
    fix: (remote) =>
      `Compare the key with what the host publishes, and accept it once by hand: git ls-remote ${remote}`,
  },
  {
    says: /Authentication failed|could not read (Username|Password)|Permission denied \(.*(publickey|password)|Invalid username or (password|token)|HTTP Basic: Access denied|error: 401|Too many authentication failures/i,
    why: "The remote does not know who you are: Slipway never asks for a password, it uses what Git has.",
    fix: (remote) =>
      `Load your key (ssh-add) or log in (gh auth login, git credential approve), and try: git ls-remote ${remote}`,
  },
  {
    says: /Repository not found|repository '.*' not found|does not appear to be a git repository|project you were looking for could not be found|error: 404/i,
    why: "There is no repo at this address, or you may not read it.",
    fix: address,
  },
  {
    says: /Permission to \S+ denied|error: 403|Write access to repository not granted|not allowed to (push|upload|create)|marked as read.?only|deploy key.*read.only|Permission denied|EACCES/i,
    why: "You may read the remote but not write to it.",
    fix: () => "Ask for push access, then run the same command again",
  },
  {
    says: /certificate (problem|verification failed|has expired)|SSL_ERROR|unable to get local issuer/i,
    why: "The certificate of the remote does not prove that it is the one you mean.",
    fix: (remote) => `Tell Git whom to trust: git config http.sslCAInfo FILE; then try: git ls-remote ${remote}`,
  },
  {
    says: /error: 5\d\d|error: 429|HTTP 5\d\d|Internal Server Error|rate limit/i,
    why: "The server failed or is overloaded.",
    fix: () => "Run the same command again later; what was finished is not done twice",
  },
  {
    says: /Could not resolve host|name resolution|Connection (refused|timed out|reset|closed)|Operation timed out|Network is unreachable|No route to host|Failed to connect|Couldn't connect|did not answer within|hung up unexpectedly|early EOF/i,
    why: "The remote could not be reached or did not answer.",
    fix: (remote) => `Check the network (VPN, proxy) and try: git ls-remote ${remote}; then run the same command again`,
  },
  {
    says: /unable to sign the tag|failed to sign|signing failed|cannot run (gpg|ssh-keygen)/i,
    why: "Your Git signs tags, and the key for it could not be used.",
    fix: () =>
      "Try it by hand: git tag --sign --message try try && git tag --delete try; load the key (ssh-add, gpg --list-secret-keys) or name it: git config user.signingKey KEY",
  },
  {
    says: /detected dubious ownership/,
    why: "The repo belongs to another user of this machine, and Git does not trust it.",
    fix: (_remote, text) =>
      /^\s*(git config --global --add safe\.directory .+)$/m.exec(text)?.[1] ??
      'git config --global --add safe.directory "$(pwd -P)"   # in its top folder',
  },
  {
    says: /Unable to create '.*\.lock': File exists/,
    why: "Another Git process is running in this repo, or a killed one left its lock.",
    fix: () => "If no other Git is running here, remove the file it names; then run the same command again",
  },
];

/** Tells a failure by what Git and the server said; null for what nobody knows. */
export function gitFailure(text: string, remote: string | null): GitFailure | null {
  const lines = text.split("\n").map((line) => oneLine(line.trim()));
  for (const { says, why, fix } of rows) {
    const said = lines.find((line) => says.test(line));
    if (said !== undefined) return { said, why, fix: oneLine(fix(quote(remote ?? "origin"), text)) };
  }
  return null;
}

/** What the server itself said of a push, in one sentence; none where it said nothing. */
export function serverWords(text: string): readonly string[] {
  const said = text.split("\n").flatMap((line) => oneLine(/^remote: (.*)/.exec(line)?.[1] ?? "").trim() || []);
  return said.length > 0 ? [`The server says: ${said.slice(0, 8).join(" / ")}`] : [];
}
