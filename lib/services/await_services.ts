import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";

/** Waits until each service of a project has answered: its healthcheck, or a query that runs in its container. */
export type AwaitServices = {
  readonly kind: "await_services";
  readonly project: string;
  readonly services: readonly { readonly name: string; readonly ready: readonly string[] | null }[];
  /** Seconds that all of them have. */
  readonly within: number;
};

export const awaitServices = kind<AwaitServices>("await_services", {
  looks: true,
  lines: ({ project, services }) =>
    services.map(({ name, ready }) => {
      const query = ready ? ["exec", "--no-TTY", name, ...ready] : ["ps", name];
      return ["docker", "compose", "--project-name", project, ...query].map(quote).join(" ");
    }),
  run: async (action, world) => (await import("./run_await_services.ts")).runAwaitServices(action, world),
});
