import { request } from "node:http";

/** Asks the engine itself, as its client would; a question takes a millisecond instead of a program's start. */
async function ask(path: string, filters: Readonly<Record<string, readonly string[]>>): Promise<unknown> {
  const socketPath = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "");
  const query = new URLSearchParams({ all: "1", filters: JSON.stringify(filters) });
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: `${path}?${query}`, agent: false }, async (answer) => {
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part;
      if (answer.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(`${path}: ${answer.statusCode} ${text}`));
    });
    asked.on("error", reject).end();
  });
}

/** The ids of all containers with this label, running or not. */
export async function containersWith(label: string): Promise<readonly string[]> {
  const found = (await ask("/containers/json", { label: [label] })) as readonly { readonly Id: string }[];
  return found.map(({ Id }) => Id);
}

/** The tags that an image has in the engine, by its name without a tag; `pattern` is what the engine's filter takes. */
export async function engineTags(name: string, pattern = "*"): Promise<readonly string[]> {
  const found = (await ask("/images/json", { reference: [`${name}:${pattern}`] })) as readonly {
    readonly RepoTags: readonly string[] | null;
  }[];
  const own = found.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(`${name}:`));
  return [...new Set(own.map((tag) => tag.slice(name.length + 1)))].sort();
}
