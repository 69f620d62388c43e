import { execInContainer } from "../lib/flows/around.ts";
import { container } from "../lib/run/around_options.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Run a shell or a command in a running container of yours; its exit code is the command's.",
  options: { container, ...pick("cmd", "asRoot") },
  needs: ["containers"],
  examples: ["i docker_exec --cmd 'ps aux | grep python'", "i docker_exec --container 3f2a91 -- ls -l"],
  steps: execInContainer,
});
