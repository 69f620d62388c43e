// What a repo's own workflow builds its plan of: import { announce, cmd, step } from "slipway/plan".
export { kind } from "../plan/kind.ts";
export { group, step } from "../plan/plan.ts";
export { quote } from "../plan/render_plan.ts";
export { announce } from "./announce.ts";
export { byHand } from "./by_hand.ts";
export { cmd, command } from "./command.ts";
export { runWorkflow } from "./run_workflow.ts";
export { writeFile } from "./write_file.ts";
