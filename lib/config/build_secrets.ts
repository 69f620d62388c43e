import type { UserError } from "../errors.ts";

/** The parts of an error that refuses a secret among build arguments; no value stands in them. */
export const secretFault = (name: string): { readonly what: string } & Pick<UserError, "why" | "fix"> => ({
  what: `the build argument ${name} holds a secret`,
  why: "A build argument stands in the list of processes, in plans and logs, and in the history of the image for ever.",
  fix: `Set ${name} in your environment, pass --secret ${name} or name it in repo_config.yaml, release: {secrets: [${name}]}, and read it in the Dockerfile: RUN --mount=type=secret,id=${name},env=${name} ...`,
});

/** Whether a build argument is a secret: by its name, or because a URL in it has a user or a password (RFC 3986, 3.2.1). */
export const isSecret = (name: string, value: string): boolean =>
  /(^|_)(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY)$/i.test(name) ||
  /https?:\/\/[^\s/@?#]+@/i.test(value) ||
  /\w:\/\/[^\s/@?#]*:[^\s/@?#]+@/.test(value);

/** Names of variables whose values a build gets as secrets. */
export const isVariable = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);
