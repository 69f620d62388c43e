import { pythonImage } from "../../thin_client/engine/base.ts";
import { needs } from "./parts.ts";

/** Waits for the image that the template's builds find their Debian packages in, and gives its name. */
export async function ensurePythonBase(): Promise<string> {
  await needs("python");
  return pythonImage;
}
