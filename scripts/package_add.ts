import { loadPackages } from "../lib/doors/pyproject.ts";
import { addPackage, buildWithPackage, packageFiles } from "../lib/packages/package_add.ts";
import { list, pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "packages",
  about: "Add a Python package: pyproject.toml, lock, local image, what changed in it, and the changelog entry.",
  options: {
    name: list("NAME[@CONSTRAINT]", "Package to add, in any version unless one is given: foo, foo@^1.2, foo[extra].", {
      positional: true,
      onlyTyped: true,
      parse: (value) => [value],
    }),
    group: text<string>("GROUP", "Add it to this poetry group instead of main.", { fallback: "main" }),
    ...pick("version", "bump"),
  },
  needs: ["git", "engine", "inputs"],
  look: loadPackages,
  examples: ["i package_add pytest-timeout", 'i package_add "pandas@^2.1" --bump minor'],
  before: { steps: addPackage, putsBack: packageFiles },
  steps: buildWithPackage,
});
