import { readTool } from "../doors/tool_files.ts";
import type { EngineFacts, Facts } from "../plan/facts.ts";
import { loadEngineFacts } from "../run/engine_facts.ts";
import { type Tool, toolImage } from "./tool.ts";

/** A tool that was named, and what the engine has of its image. */
export type ToolLook = { readonly tool: Tool; readonly engine: EngineFacts };

/** Reads the tool that the first word names. */
export async function lookForTool(facts: Facts, options: { readonly words: readonly string[] }): Promise<ToolLook> {
  const tool = readTool(facts.place, options.words[0]);
  return { tool, engine: await loadEngineFacts(facts, { tags: [], words: [toolImage(tool)], own: false }) };
}
