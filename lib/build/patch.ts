import type { Patch } from "../container/look_containers.ts";
import type { ImageSettings } from "../doors/containers.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { cmd } from "../kinds/command.ts";
import { type EngineContainer, requireContainer, shortId } from "../names/engine_container.ts";
import { engineRepository, targetPlaces } from "../names/names.ts";
import { patchedLabel } from "../names/patched.ts";
import type { Facts } from "../plan/facts.ts";
import { type Action, type Step, step } from "../plan/plan.ts";
import { dayOf } from "../text/units.ts";

type PatchOptions = { readonly container?: string | undefined; readonly push: boolean };

/** Commits a container of one's own into a local image, or into `dev_<name>`, with a label and a warning that say so. */
export function patchContainer(facts: Facts, options: PatchOptions, seen: Patch): Step[] {
  const { containers, startedFrom, tag } = seen;
  const container = requireContainer(facts, containers, { wanted: options.container, running: false });
  if (!startedFrom || !tag) throw imageGone(container);
  const reference = `${engineRepository(facts)}:${tag}`;
  const note = `${facts.user.name} committed container ${container.name} of ${container.image} on ${dayOf(facts.now)}`;
  const changes = commitChanges(container, startedFrom, note).flatMap((change) => ["--change", change]);
  return [
    step("docker_commit", `Commit ${container.name} as ${reference}`, [
      cmd`docker commit ${changes} ${container.id} ${reference}`,
    ]),
    ...(options.push ? [pushPatched(facts, reference, tag)] : []),
    step("tell", "Report what it is", [tell(facts, { container, reference, tag })]),
  ];
}

/** Patching asks before another image loses its tag, here or in the registry that it is pushed to. */
export function asksPatch(facts: Facts, options: PatchOptions, { images, tag, inRegistry }: Patch): string | null {
  const here = images.some((one) => one.repository === engineRepository(facts) && one.tag === tag);
  const there = options.push && inRegistry?.state === "found";
  if (!here && !there) return null;
  const where = [...(here ? ["the engine"] : []), ...(there ? [facts.targets[0]?.name] : [])].join(" and ");
  return `Replace ${tag} in ${where} by the patched image?`;
}

function pushPatched(facts: Facts, reference: string, tag: string): Step {
  const [place] = targetPlaces(facts);
  if (!place)
    throw new UserError("--push was given, and no registry is configured", {
      why: "An image is pushed to a registry of container_registry_info.",
      fix: "Leave --push out, or add a registry to repo_config.yaml",
    });
  const there = `${place.repository}:${tag}`;
  const rename: Action[] = there === reference ? [] : [cmd`docker tag ${reference} ${there}`];
  return step("docker_push", `Push ${there}`, [...rename, cmd`docker push ${there}`]);
}

type Told = { readonly container: EngineContainer; readonly reference: string; readonly tag: string };

function tell(facts: Facts, { container, reference, tag }: Told): Action {
  const use = tag.startsWith("local-")
    ? `i docker_bash --stage local --version ${tag.split("-").at(-1)}`
    : `i docker run --rm -it ${reference} bash`;
  const text = [
    `PATCHED  ${reference} is container ${shortId(container.id)} as it is now`,
    "PATCHED  It cannot be released: nobody can build it again. It holds every file that was written in the container,",
    "PATCHED  secrets among them; the container's variables were left out.",
    `Use it with: ${use}`,
    `To keep the change, put it into devops/docker_build, then i docker_build_local`,
  ].join("\n");
  return announce({ text, data: { reference, container: container.id, image: facts.config.imageName } });
}

const imageGone = (container: EngineContainer): UserError =>
  new UserError(`the engine no longer has ${container.image}, which ${container.name} was started from`, {
    why: "Its variables and labels tell what the container has beside it, and that must not get into the patched image.",
    fix: "Pull or build that image again, then run the same command",
  });

/**
 * What a commit changes, as Dockerfile lines: settings as the image has them, and whatever the run put into the container
 * emptied. A variable can be a secret, and a label says whose container it is; a commit would take both over.
 */
export function commitChanges(container: EngineContainer, image: ImageSettings, note: string): readonly string[] {
  const odd = container.envNames.find((name) => !/^[A-Za-z_][\w.-]*$/.test(name));
  if (odd !== undefined)
    throw new UserError(`the container has a variable named ${JSON.stringify(odd)}`, {
      why: "Variables may hold secrets and are emptied in a patched image, which cannot be done with this name.",
      fix: "Start a container without it, and patch that",
    });
  const env = container.envNames.map((name) => `ENV ${name}=${quoted(image.env[name] ?? "")}`);
  const foreign = Object.keys(container.labels).filter((name) => !(name in image.labels));
  const labels = [...new Set([...foreign, "dev.slipway.inputs"])].map((name) => `LABEL ${quoted(name)}=""`);
  return [
    ...env,
    ...labels,
    `LABEL ${patchedLabel}=${quoted(note)}`,
    `USER ${image.user || "0"}`,
    `WORKDIR ${image.workingDir || "/"}`,
    `ENTRYPOINT ${JSON.stringify(image.entrypoint)}`,
    `CMD ${JSON.stringify(image.cmd)}`,
  ];
}

/** A word of a Dockerfile line; the builder fills in `$` and takes `\` as an escape, and no line break can stand in one. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\$]/g, "\\$&").replaceAll(/[\r\n]+/g, " ")}"`;
