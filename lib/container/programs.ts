import { posix } from "node:path";
import { UserError } from "../errors.ts";
import { cmd } from "../kinds/command.ts";
import type { Facts, ImageFacts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { shellText } from "./compose_file.ts";
import { type UseOptions, workIn } from "./work_in.ts";

type Words = { readonly words: readonly string[] };

function wordsFor(program: string, { words }: Words): readonly string[] {
  if (words.length > 0) return words;
  throw new UserError(`no words for ${program} were given`, {
    why: `All that follows i ${program} goes to ${program} as it is.`,
    fix: `Type i ${program} -- --help for ${program}'s own help, i ${program} --help for this one's`,
  });
}

/** The docker client where the person stands, with the engine, context and credentials that every workflow uses. */
export function dockerClient(facts: Facts, options: Words): Step[] {
  const words = wordsFor("docker", options);
  if (words[0] === "login" && words.some((word) => /^(-p|--password(=|$))/.test(word)))
    throw new UserError("a password was typed on the command line", {
      why: "Everyone on this machine can read the words of a running program.",
      fix: "i docker_login asks for it; a script pipes it: i docker login --username ada --password-stdin HOST",
    });
  const line = {
    ...cmd`docker ${words}`,
    interactive: true,
    ownCode: true,
    typed: true,
    cwd: facts.place.cwd,
  } as const;
  return [step("docker", `docker ${words[0]}`, [line])];
}

/** poetry in the container of local or dev, beside pyproject.toml and poetry.lock of the runnable dir; what it writes is the caller's. */
export function poetryIn(facts: ImageFacts, options: UseOptions & Words): Step[] {
  const words = wordsFor("poetry", options);
  if (options.stage === "prod")
    throw new UserError("poetry does not run in a prod container", {
      why: "It works on pyproject.toml and poetry.lock of the repo, and prod mounts none of it.",
      fix: `Use another stage: i poetry --stage dev ${words.map(quote).join(" ")}`,
    });
  return workIn(facts, options, {
    id: "poetry",
    title: (image) => `poetry ${words[0]} in ${image}`,
    cwd: posix.join(facts.place.dir, "devops/docker_build"),
    // Some entrypoints join their words and split them again.
    ...shellText(facts, `exec poetry ${words.map(quote).join(" ")}`),
  });
}
