/** A word after which the next one is a program, wherever it stands in a line. */
const openers = new Set(
  "run exec sudo env time nohup nice xargs then do else if while until ! which type command timeout flock -- --cmd --command --entrypoint CMD ENTRYPOINT RUN HEALTHCHECK ExecStart eval watch entr setsid gosu tini".split(
    " ",
  ),
);
/** What names packages and runs none of them. */
const installers =
  /\b(pip3?|pipx|uv|conda|mamba|poetry|apt|apt-get|apk|npm|brew|easy_install)\s+(-\S+\s+)*(pip\s+)?(install|add|remove|uninstall|show|download|update|upgrade|freeze)\b/;
/** Keys of YAML and JSON whose value is a name and no command. */
const naming =
  /^\s*(-\s+)?"?(name|image|title|description|label|labels|id|version|container_name|hostname|repo|uses)"?\s*:/;
const nameOptions = new Set(
  "-k -p -A --worker-class --plugin --plugins --load-plugins --backend --driver --app --settings".split(" "),
);

/**
 * What a line of a shell text, a Dockerfile, a Makefile, a CI or a compose file runs: programs (without their folder), and
 * modules named to Python or to an option. A comment and an installation run nothing.
 */
export function commandsIn(line: string): {
  readonly programs: readonly string[];
  readonly modules: readonly string[];
} {
  const programs: string[] = [];
  const modules: string[] = [];
  const text = line.replace(/(^|\s)#(?!!).*/, "").replace(/^\s*["\w.-]+\s+=\s*/, "");
  if (naming.test(text)) return { programs, modules };
  for (const part of text.split(/&&|\|\||[;|&`(]/)) {
    if (installers.test(part)) continue;
    const words = part
      .replaceAll(/["'[\],{})]/g, " ")
      .split(/\s/)
      .filter(Boolean);
    for (const [index, word] of words.entries()) {
      const before = words.slice(0, index);
      const [last, value] = [before.at(-1), word.split("=")[1]];
      if (value && nameOptions.has(word.replace(/=.*/, ""))) modules.push(moduleOf(value));
      const isDotted = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:\w+)?$/.test(word);
      const isNamed = last !== undefined && nameOptions.has(last);
      if (isNamed || isPythonModule(before) || isDotted) modules.push(moduleOf(word));
      if (isProgramPlace(before)) programs.push(fileName(word).replace(/^[@+]+/, ""));
    }
  }
  return { programs, modules };
}

/** `/venv/bin/black` to `black`. */
const fileName = (word: string): string => word.replace(/.*\//, "");
const isOpener = (word: string | undefined): boolean => word !== undefined && openers.has(fileName(word));
const moduleOf = (word: string): string => word.replace(/:.*/, "");
const isPythonModule = (before: readonly string[]): boolean =>
  before.at(-1) === "-m" && before.some((word) => /(^|\/)(python|pypy|coverage|py)[\d.]*$/.test(word));

/** Only these stand before a program: `- `, `key:`, `NAME=value`, a prompt; or an opener with its options, wherever it is. */
function isProgramPlace(before: readonly string[]): boolean {
  if (before.every((word) => /^([-@+>$]+|[\w.-]+[:=]|[A-Za-z_]\w*\+?=.*|--\w[\w-]*=.*)$/.test(word) || isOpener(word)))
    return true;
  let at = before.length - 1;
  while (at > 0 && !isOpener(before[at])) {
    const [word = "", last = ""] = [before[at], before[at - 1]];
    if (/^(-[\w-]*(=.*)?|\d+\w?|[A-Z_]+=.*)$/.test(word)) at -= 1;
    else if (/^-\w[\w-]*$/.test(last)) at -= 2;
    else break;
  }
  return isOpener(before[at]) || /^(bash|sh|zsh) -l?c$/.test(before.slice(-2).join(" "));
}
