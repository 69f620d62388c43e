import { lookForTool } from "../lib/build/look_tool.ts";
import { runTool } from "../lib/build/tools.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Run a tool of devops/tools in a container of its own on the repo, as you; its exit code is the tool's.",
  options: {},
  passesWords: true,
  needs: ["git"],
  look: lookForTool,
  examples: ["i tools_run prettier -- --write README.md"],
  steps: runTool,
});
