import { createHash } from "node:crypto";

/** A program that comes as the text of a Dockerfile. */
export type Tool = { readonly name: string; readonly text: string };

/** The image of a tool, which another text never has. */
export const toolImage = ({ name, text }: Tool): string =>
  `slipway/tool-${name}:${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
