import { dockerClient } from "../lib/container/programs.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Run the docker client with Slipway's engine, context and credentials; its exit code is docker's.",
  options: {},
  passesWords: true,
  examples: ["i docker ps --all", "i docker push ghcr.io/acme/cmamp:local-ada-1.2.0", "i docker -- --help"],
  steps: dockerClient,
});
