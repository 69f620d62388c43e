import { request } from "node:http";

type Filters = Readonly<Record<string, readonly string[]>>;

/** The engine's images; its list ends with a 404 where another test removes an image meanwhile, and is asked again. */
async function images(filters: Filters): Promise<readonly Image[]> {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      return (await ask("/images/json", filters)) as readonly Image[];
    } catch (error) {
      if (!String(error).includes(": 404 ") || Date.now() > end) throw error;
    }
  }
}

/** Asks the engine itself, as its client would; a question takes a millisecond instead of a program's start. */
async function ask(path: string, filters: Filters): Promise<unknown> {
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

type Image = {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
};
type Container = {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  /** As it was named when the container was made. */
  readonly Image: string;
};

/** What the engine holds at these addresses and of this image: names with ids, containers with states, volumes, networks. */
export async function engineState(addresses: readonly string[], image: string): Promise<unknown> {
  const project = { label: [`com.docker.compose.project=slipway-${image}`] };
  const [all, containers, volumes, networks] = await Promise.all([
    images({}),
    ask("/containers/json", { label: [`dev.slipway.image=${image}`] }) as Promise<readonly Container[]>,
    ask("/volumes", project) as Promise<{ readonly Volumes: readonly { readonly Name: string }[] | null }>,
    ask("/networks", project) as Promise<readonly { readonly Name: string }[]>,
  ]);
  const names = all.flatMap(({ Id, RepoTags, RepoDigests }) =>
    [...(RepoTags ?? []), ...(RepoDigests ?? [])].map((name) => `${name} ${Id}`),
  );
  return {
    images: names.filter((line) => addresses.some((address) => line.startsWith(`${address}/`))).sort(),
    containers: containers
      // What an earlier run has ended may still be on its way out of a busy engine.
      .filter(({ State }) => State !== "removing")
      .map(({ Id, Names, State }) => [Id, ...Names, State].join(" "))
      .sort(),
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name).sort(),
    networks: networks.map(({ Name }) => Name).sort(),
  };
}

/** The ids of all containers with this label, running or not. */
export async function containersWith(label: string): Promise<readonly string[]> {
  const found = (await ask("/containers/json", { label: [label] })) as readonly Container[];
  return found.map(({ Id }) => Id);
}

/** The containers that were made of an image by its name, in any state; whoever compares images gives theirs no label of the image. */
export async function containersOf(name: string): Promise<readonly string[]> {
  const all = (await ask("/containers/json", {})) as readonly Container[];
  return all.flatMap(({ Id, Image }) => (Image.startsWith(`${name}:`) ? [Id] : []));
}

/** The tags that an image has in the engine, by its name without a tag; `pattern` is what the engine's filter takes. */
export async function engineTags(name: string, pattern = "*"): Promise<readonly string[]> {
  const found = await images({ reference: [`${name}:${pattern}`] });
  const own = found.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(`${name}:`));
  return [...new Set(own.map((tag) => tag.slice(name.length + 1)))].sort();
}

/** The same names, each with the id of its image. */
export async function engineIds(name: string): Promise<readonly string[]> {
  const found = await images({ reference: [`${name}:*`] });
  return found.flatMap(({ Id, RepoTags }) => (RepoTags ?? []).map((tag) => `${tag} ${Id}`)).sort();
}

/** All names, by tag and by digest, that the engine has for the images of a repository. */
export const engineNames = (repository: string): Promise<readonly string[]> =>
  namesThat((name) => name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`));

/** All names, by tag and by digest, that the engine's images have at these addresses. */
export const namesAt = (addresses: readonly string[]): Promise<readonly string[]> =>
  namesThat((name) => addresses.some((address) => name.startsWith(`${address}/`)));

async function namesThat(fit: (name: string) => boolean): Promise<readonly string[]> {
  return (await images({}))
    .flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])])
    .filter(fit);
}
