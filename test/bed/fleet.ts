import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Asked, Fault } from "./faulty_proxy.ts";
import { changedAnswers, type Ending, type Json, type Park } from "./fleet_services.ts";
import { freeAddress } from "./registry.ts";

/**
 * What moto does not play, in a proxy before it: deployments that end as the test says, tasks that stop for a reason, and
 * passwords of ECR that really run out.
 */
export type Fleet = {
  readonly address: string;
  /** The calls since the start or the last `forget`, such as `ecs:UpdateService`. */
  readonly calls: () => readonly string[];
  /** Those that change something. */
  readonly changes: () => readonly string[];
  readonly forget: () => void;
  /** How the next deployments end, one after the other; those after them complete. */
  readonly next: (...endings: readonly Ending[]) => void;
  /** The revision that a service is on. */
  readonly revision: (service: string) => string | undefined;
  /** How long AWS says that the next passwords last, in seconds; twelve hours without it, which they do. */
  readonly lasting: (seconds: number) => void;
  /** Ends every password that was given. */
  readonly expire: () => void;
  /** Answers these calls with an error of AWS, such as `ExpiredTokenException`; null ends it. */
  readonly refuse: (call: string, error: string | null) => void;
  /** Lets in who has a password that has not run out, as ECR does. */
  readonly login: Fault;
  /** The passwords that were given. */
  readonly passwords: () => readonly string[];
  readonly stop: () => Promise<void>;
};

const twelveHours = 12 * 3600;

/** Starts the proxy before moto's server. */
export async function startFleet(moto: string): Promise<Fleet> {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const park: Park = {
    services: new Map(),
    passwords: new Map(),
    refused: new Map(),
    endings: [],
    calls: [],
    seconds: twelveHours,
    count: 0,
  };
  const server = createServer((incoming, outgoing) => {
    serve(park, moto, [incoming, outgoing]).catch((error: unknown) => outgoing.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  return {
    address,
    calls: () => park.calls,
    changes: () => park.calls.filter((call) => /:(Register|Deregister|Update|Create|Delete|Put|Tag|Untag)/.test(call)),
    forget: () => {
      park.calls = [];
    },
    next: (...endings) => {
      park.endings = [...endings];
    },
    revision: (service) => park.services.get(service)?.[0]?.revision.split("/").at(-1),
    lasting: (seconds) => {
      park.seconds = seconds;
    },
    expire: () => park.passwords.forEach((_, password) => void park.passwords.set(password, 0)),
    refuse: (call, error) => void (error ? park.refused.set(call, error) : park.refused.delete(call)),
    login: (asked) => letIn(park, asked),
    passwords: () => [...park.passwords.keys()],
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(park: Park, moto: string, [incoming, outgoing]: readonly [IncomingMessage, ServerResponse]) {
  const parts: Buffer[] = [];
  for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part);
  const body = Buffer.concat(parts);
  const [api = "", action = ""] = String(incoming.headers["x-amz-target"] ?? "").split(".");
  const call = `${/ContainerService/.test(api) ? "ecs" : "ecr"}:${action}`;
  park.calls.push(call);
  const reply = (status: number, json: Json) =>
    void outgoing.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(json));
  const refused = park.refused.get(call);
  if (refused) return reply(400, { __type: refused, message: "the fleet says so" });
  const asked = JSON.parse(body.toString("utf8") || "{}") as Json;
  const own = answers[call]?.(park, asked) ?? null;
  if (own) return reply(200, own);
  const headers = { ...(incoming.headers as Record<string, string>) };
  for (const name of ["host", "connection", "content-length", "expect", "transfer-encoding"]) delete headers[name];
  const answer = await fetch(`http://${moto}/`, { method: "POST", headers, body });
  const told = (await answer.json()) as Json;
  reply(answer.status, answer.status === 200 ? (changedAnswers[call]?.(park, told) ?? told) : told);
}

const answers: Readonly<Record<string, (park: Park, asked: Json) => Json | null>> = {
  "ecs:ListTasks": (park, { serviceName }) => ({
    taskArns: (park.services.get(String(serviceName)) ?? [])
      .filter(({ ending }) => ending !== "completes")
      .map(({ id }) => `arn:aws:ecs:eu-north-1:123456789012:task/${id}`),
  }),
  "ecs:DescribeTasks": (_park, { tasks }) => ({
    tasks: (tasks as readonly string[]).map((arn) => ({
      taskArn: arn,
      startedBy: arn.replace(/^.*:task\//, ""),
      stoppedReason: "Essential container in task exited",
      containers: [{ name: "app", reason: "CannotStartContainerError: exec: no such file" }],
    })),
  }),
  "ecr:GetAuthorizationToken": (park) => {
    park.count += 1;
    const password = `planted-ecr-${park.count}-${crypto.randomUUID()}`;
    park.passwords.set(password, Date.now() + twelveHours * 1000);
    const token = Buffer.from(`AWS:${password}`).toString("base64");
    const expiresAt = Date.now() / 1000 + park.seconds;
    return { authorizationData: [{ authorizationToken: token, expiresAt, proxyEndpoint: "https://ecr" }] };
  },
};

function letIn(park: Park, { authorization = "" }: Asked) {
  const given = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString("utf8");
  const until = park.passwords.get(given.replace(/^AWS:/, ""));
  if (until !== undefined && until > Date.now()) return null;
  const [status, message] =
    until === undefined
      ? [401, "Not Authorized"]
      : [403, "Your authorization token has expired. Reauthenticate and try again."];
  const headers = {
    "content-type": "application/json",
    "www-authenticate": 'Basic realm="https://ecr/",service="ecr"',
  };
  return {
    kind: "reply",
    status: Number(status),
    headers,
    body: JSON.stringify({ errors: [{ code: "DENIED", message }] }),
  } as const;
}
