import { execInContainer } from "../lib/container/around.ts";
import { loadContainers } from "../lib/doors/containers.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Run a shell or a command in a running container of yours; its exit code is the command's.",
  options: pick("container", "cmd", "asRoot"),
  look: loadContainers,
  examples: ["i docker_exec --cmd 'ps aux | grep python'", "i docker_exec --container 3f2a91 -- ls -l"],
  steps: execInContainer,
});
