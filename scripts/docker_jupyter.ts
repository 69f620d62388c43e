import { jupyter } from "../lib/container/jupyter.ts";
import { lookForPort } from "../lib/container/look_containers.ts";
import { lookForImage } from "../lib/run/look_image.ts";
import { flag, pick, portOption } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Start Jupyter in the container of a stage, on a free port of 127.0.0.1 and with a token.",
  options: {
    ...pick("stage", "version", "baseName", "asRoot", "entrypoint"),
    port: portOption,
    autoAssignPort: flag("Use port 9999 instead of a free one.", { fallback: true }),
    selfTest: flag("Start it, check that it answers only with its token, and stop it."),
  },
  look: async (facts, options) => {
    const [seen, port] = await Promise.all([lookForImage(facts, options), lookForPort(facts, options)]);
    return { seen, port };
  },
  examples: ["i docker_jupyter --stage local --port 8888", "i docker_jupyter --self-test"],
  steps: (facts, options, { seen, port }) => jupyter({ ...facts, ...seen }, options, port),
});
