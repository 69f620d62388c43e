import { Ajv } from "ajv";
import { parseCommonFiles } from "../../lib/config/common_files.ts";
import { type ImageOwner, parseConfig } from "../../lib/config/config.ts";
import { type ConfigSource, configReader } from "../../lib/config/config_reader.ts";
import { parseLint } from "../../lib/config/lint.ts";
import { parseServices } from "../../lib/config/services.ts";
import { configSourceOf } from "../../lib/doors/settings.ts";
import { UserError } from "../../lib/errors.ts";
import { isNode, valueAt } from "../../lib/text/shape.ts";
import { renderSchema } from "../bed/pages/config.ts";

const schema: unknown = JSON.parse(renderSchema());
if (!isNode(schema)) throw new Error("the schema is no object");

/** Whether a validator of JSON schemas takes a config. */
export const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);

/** The value of a text of YAML. */
export const yamlValue = async (text: string): Promise<unknown> =>
  (await configSourceOf("repo_config.yaml", text)).value;

const source = (value: unknown): ConfigSource => ({ file: "repo_config.yaml", value, lineOf: () => 1 });

/** The dir whose image a config uses, where it names one. */
function ownerIn(value: unknown): { readonly owner?: ImageOwner } {
  const dir = valueAt(value, "docker_info", "image_of");
  if (!["string", "number", "boolean"].includes(typeof dir)) return {};
  const config = parseConfig(source({ docker_info: { docker_image_name: "other" } }));
  return { owner: { dir: String(dir), config } };
}

/** What all parsers of a config's sections make of it. */
export const readBy = (value: unknown) => ({
  config: parseConfig(source(value), ownerIn(value)),
  onMachine: parseConfig(source(value), { ...ownerIn(value), host: "NAME" }),
  lint: parseLint(configReader(source(value))),
  common: parseCommonFiles(configReader(source(value))),
  services: parseServices(configReader(source(value))),
});

/** What refuses a config; null where it is taken. */
export function refusedBy(value: unknown): UserError | null {
  try {
    readBy(value);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

const shape =
  /(is not a known key|is not a section|is not a text|is not a list|has an item that is not a text|not true or false|is no list of commands|is not a registry name|has no kind|has no address|is missing|is empty)$/;

/** A section that looks like a slip of a known one, and what one of two keys is needed for, the reader alone knows. */
const ofReader = /:1 ([^. ]+ is not a known key|services\.compose_file is missing)$/;

/** Whether an error is about an unknown key, a type, a word of no list, or what is missing: what a schema can say. */
export const isOfShape = ({ message, fix }: UserError): boolean =>
  (shape.test(message) || /^Use( one of)?: /.test(fix)) && !ofReader.test(message);

/** Throws where the schema says another thing of a config than its reader did. */
export function assertAgreed(value: unknown, refused: unknown): void {
  const said = isValid(value);
  if (refused === null ? said : !(refused instanceof UserError && isOfShape(refused) && said)) return;
  const errors = JSON.stringify(isValid.errors ?? "none");
  throw new Error(`the schema and the reader differ about ${JSON.stringify(value)}: ${refused}; ${errors}`);
}

/** What a config is read as, where the schema says the same of it. */
export function agreed<T>(value: unknown, read: () => T): T {
  try {
    const made = read();
    assertAgreed(value, null);
    return made;
  } catch (error) {
    if (error instanceof UserError) assertAgreed(value, error);
    throw error;
  }
}
