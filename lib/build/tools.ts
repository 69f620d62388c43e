import { runContainer } from "../container/compose_file.ts";
import { slipwayFile } from "../container/own_files.ts";
import { withoutSyntax } from "../formats/dockerfile.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Chosen } from "../names/choose_image.ts";
import { assertEngine, plugins } from "../names/engine.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { meanwhile } from "./build.ts";
import type { ToolLook } from "./look_tool.ts";
import { toolImage } from "./tool.ts";

/** A tool on the mounted repo, as the caller: its image is named by the hash of its Dockerfile, and built where the engine lacks it. */
export function runTool(
  facts: Facts,
  { words }: { readonly words: readonly string[] },
  { tool, engine }: ToolLook,
): Step[] {
  assertEngine(engine, plugins);
  const reference = toolImage(tool);
  const local = engine.images.find((one) => one.reference === reference) ?? null;
  const image: Chosen = {
    reference,
    tag: reference.slice(reference.lastIndexOf(":") + 1),
    stage: "dev",
    version: null,
    local,
  };
  const argv = words.slice(words[1] === "--" ? 2 : 1);
  return [
    { ...buildTool(facts, tool, reference), skip: local ? "the engine has it" : null },
    runContainer(facts, {
      id: "tools_run",
      title: `Run ${tool.name}`,
      ...{ image, what: reference, argv, interactive: true, bare: true },
    }),
  ];
}

/** The Dockerfile is alone in its context, so that its text says all. */
function buildTool(facts: Facts, { name, text }: ToolLook["tool"], reference: string): Step {
  const folder = slipwayFile(facts, "tools", reference.slice(reference.lastIndexOf(":") + 1));
  const file = `${folder}/Dockerfile`;
  const label = `dev.slipway.tool=${name}`;
  const build: Command = {
    ...cmd`docker buildx build --provenance=false --sbom=false --progress=plain --file ${file} --label ${label} --tag ${reference} --load ${folder}`,
    again: meanwhile,
  };
  return step("build_tool", `Build ${reference}`, [writeFile({ path: file, content: withoutSyntax(text) }), build]);
}
