// What a repo's own workflow builds its plan of: import { announce, cmd, step } from "slipway/plan".
export { kind } from "../model/kind.ts";
export { group, step } from "../model/plan.ts";
export { quote } from "../model/render_plan.ts";
export { announce } from "./announce.ts";
export { byHand } from "./by_hand.ts";
export { cmd, command } from "./command.ts";
export { runWorkflow } from "./run_workflow.ts";
export { writeFile } from "./write_file.ts";
