import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

type Json = Readonly<Record<string, unknown>>;
/** ECS and ECR in this process: JSON 1.1, as the SDK speaks it. */
export type AwsServer = {
  readonly env: Readonly<Record<string, string>>;
  /** What was asked that changes something. */
  readonly changes: (readonly [call: string, asked: Json])[];
  /** Answers by call, in place of the server's own; a text is an error, `Name: message`. */
  readonly answers: Map<string, (asked: Json) => Json | string>;
  /** Task definitions by name, `family:12`. */
  readonly definitions: Map<string, Json>;
  readonly stop: () => Promise<void>;
};

/** Starts it; the logins of `team` and of everybody else lie in a file of the folder. */
export async function startAwsServer(dir: string): Promise<AwsServer> {
  const logins = join(dir, "aws_credentials");
  const login = (name: string) => `[${name}]\naws_access_key_id = key\naws_secret_access_key = planted-key\n`;
  writeFileSync(logins, login("default") + login("team"));
  const changes: (readonly [string, Json])[] = [];
  const answers: AwsServer["answers"] = new Map();
  const definitions: AwsServer["definitions"] = new Map();
  const server = createServer(async (incoming, outgoing) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const call = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    const asked = JSON.parse(Buffer.concat(parts).toString() || "{}") as Json;
    if (/^(Register|Update)/.test(call)) changes.push([call, asked]);
    const told = answers.get(call)?.(asked) ?? own(call, asked, definitions);
    const [type, message = `${call} says so`] = typeof told === "string" ? told.split(": ") : [];
    outgoing.writeHead(type ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
    outgoing.end(JSON.stringify(type ? { __type: type, message } : told));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: logins, AWS_EC2_METADATA_DISABLED: "true" },
      AWS_MAX_ATTEMPTS: "1",
    },
    ...{ changes, answers, definitions },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The ARN of a revision `family:12`. */
export const arnOf = (name: string): string => `arn:aws:ecs:eu-north-1:1:task-definition/${name}`;

function own(call: string, asked: Json, definitions: AwsServer["definitions"]): Json | string {
  if (call === "DescribeTaskDefinition") {
    const name = String(asked["taskDefinition"]).replace(/^.*\//, "");
    const newest = [...definitions.keys()].filter((key) => key.startsWith(`${name}:`)).at(-1);
    const found = definitions.get(name) ?? definitions.get(newest ?? "");
    return found ? { taskDefinition: found } : "ClientException: Unable to describe task definition.";
  }
  if (call === "RegisterTaskDefinition") {
    const revision = [...definitions.keys()].filter((key) => key.startsWith(`${asked["family"]}:`)).length + 1;
    const name = `${asked["family"]}:${revision}`;
    definitions.set(name, { ...asked, taskDefinitionArn: arnOf(name), revision });
    return { taskDefinition: definitions.get(name) ?? {} };
  }
  if (call === "ListTasks") return { taskArns: [] };
  if (call === "ListServices") return { serviceArns: [] };
  return call === "UpdateService" ? { service: {} } : "ClientException";
}
