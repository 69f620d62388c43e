import { login } from "../lib/container/work_in.ts";
import { flag, pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Log the docker client in to all or the named registries.",
  options: {
    ...pick("targetRegistries"),
    username: text<string>("NAME", "Log in as this user.", { short: "u" }),
    passwordStdin: flag("Read the password from standard input."),
  },
  examples: ["i docker_login --target-registries ghcr --username ada --password-stdin < token.txt"],
  steps: login,
});
