import { runTool } from "../lib/flows/tools.ts";
import { lookForTool } from "../lib/run/look_tool.ts";
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
