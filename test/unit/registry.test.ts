import { describe, expect, it } from "vitest";
import { parseImageBase, targetRegistries, withBase } from "../../lib/config/registry.ts";
import { engineRepository } from "../../lib/names/names.ts";
import { config, digest, refusal } from "./factory.ts";
import { refusedConfig } from "./yaml.ts";

const registries = (section: object) => config({ container_registry_info: section }).registries;

describe("container_registry_info", () => {
  it.each([
    ["ecr", "1.dkr.ecr.eu-north-1.amazonaws.com"],
    ["ghcr", "ghcr.io/acme"],
    ["dockerhub", "causify"],
  ])("short: %s is an address, its name the kind, and required", (name, address) => {
    expect(registries({ [name]: address })).toEqual([{ name, kind: name, address, required: true }]);
  });

  it.each([
    ["ecr", "causify", "dockerhub"],
    ["ecr", "docker.io/causify", "dockerhub"],
    ["ecr", "ghcr.io/acme", "ghcr"],
    ["ecr", "1.dkr.ecr.eu-north-1.amazonaws.com.example.org", "oci"],
    ["ecr", "1.dkr.ecr.eu-north-1.amazonaws.com:5000", "oci"],
    ["ecr", "example.org/1.dkr.ecr.eu-north-1.amazonaws.com", "oci"],
    ["ecr", "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "ecr"],
    ["ecr", "123456789012.dkr-ecr.us-west-2.on.aws/team", "ecr"],
    ["ecr", "127.0.0.1:5000", "ecr"],
    ["ghcr", "localhost:5000/acme", "ghcr"],
    ["ghcr", "ghcr.io.example.org/acme", "oci"],
    ["ghcr", "1.dkr.ecr.eu-north-1.amazonaws.com", "ecr"],
    ["dockerhub", "quay.io/acme", "oci"],
  ])("called %s, at %s it is of kind %s: a password goes to no other host", (name, address, kind) => {
    expect(registries({ [name]: address })).toEqual([{ name, kind, address, required: true }]);
    expect(registries({ x: { address, kind: name } })).toMatchObject([{ kind, address }]);
    expect(registries({ x: { address, kind: "oci" } })).toMatchObject([{ kind: "oci", address }]);
  });

  it("long: names, kinds and whether each is required", () => {
    expect(
      registries({
        "aws_ecr.ck": { address: "1.dkr.ecr.x.amazonaws.com", kind: "ecr", region: "x", profile: "ck" },
        "dockerhub.kaizenflow": { address: "kaizenflow", kind: "dockerhub", required: false },
      }),
    ).toEqual([
      {
        name: "aws_ecr.ck",
        kind: "ecr",
        address: "1.dkr.ecr.x.amazonaws.com",
        region: "x",
        profile: "ck",
        required: true,
      },
      { name: "dockerhub.kaizenflow", kind: "dockerhub", address: "kaizenflow", required: false },
    ]);
    const plain = { address: "a.b", kind: "oci" as const };
    expect(registries({ x: { ...plain, insecure: true } })).toMatchObject([{ insecure: true }]);
    expect(registries({ x: { ...plain, insecure: false } })).toEqual([{ name: "x", ...plain, required: true }]);
    expect(registries({ x: { ...plain, region: "", profile: "" } })).toEqual([{ name: "x", ...plain, required: true }]);
  });

  it("long: whom its login may be sent to, and whether its repository is made", () => {
    const ecr = { address: "1.dkr.ecr.x.amazonaws.com", kind: "ecr" as const };
    expect(registries({ a: { ...ecr, create: true }, b: { ...ecr, create: false } })).toEqual([
      { name: "a", ...ecr, create: true, required: true },
      { name: "b", ...ecr, required: true },
    ]);
    const quay = { address: "quay.example.com/a", kind: "oci" as const };
    expect(registries({ a: { ...quay, token_server: "auth.example.net:8443" } })).toEqual([
      { name: "a", ...quay, tokenServer: "auth.example.net:8443", required: true },
    ]);
  });

  it("long: a key that is a kind needs no kind", () => {
    expect(registries({ ghcr: { address: "ghcr.io/acme" } })).toMatchObject([{ kind: "ghcr" }]);
  });

  it("leaves out a key without a value", () => {
    expect(registries({ ecr: null, ghcr: "ghcr.io/acme" }).map(({ name }) => name)).toEqual(["ghcr"]);
  });

  it.each([
    ["office: host:5000", "3 container_registry_info.office has no kind", "kind: oci"],
    ["office: {address: host:5000}", "3 container_registry_info.office.kind is missing", "Add kind"],
    ["office: {kind: oci}", "3 container_registry_info.office.address has no address", "host[:port]"],
    ["office: {address: a.b, kind: quay}", '3 container_registry_info.office.kind is "quay"', "ecr, dockerhub"],
    ["ghcr: {adress: a.b}", "3 container_registry_info.ghcr.adress is not a known key", 'Did you mean "address"?'],
    ["ghcr: https://ghcr.io", '3 container_registry_info.ghcr is "https://ghcr.io", not an address', "https://"],
    [
      "ghcr: {address: a.b, token_server: https://a.b/x}",
      'token_server is "https://a.b/x", not a host',
      "Give host[:port]",
    ],
    ["ghcr: {address: a.b, create: true}", "create is true, and a.b is not ECR", "Create the repository by hand"],
    ["ghcr: ghcr.io/", 'is "ghcr.io/", not an address', "trailing slash"],
    ["ghcr: ghcr.io/Acme", 'is "ghcr.io/Acme", and a namespace has no capitals', "Write ghcr.io/acme: "],
    ["ghcr: GHCR.io/Acme/x", "and a namespace has no capitals", "Write GHCR.io/acme/x: "],
    ["dockerhub: Acme", 'is "Acme", and a namespace has no capitals', "Write acme: "],
    ["-a: ghcr.io", "-a is not a registry name", "Use letters, digits, dots and dashes"],
    ["a/b: ghcr.io", "a/b is not a registry name", "Use letters, digits, dots and dashes"],
    ["ghcr: [a.b]", "container_registry_info.ghcr is not a section", '"ghcr:"'],
    ["ghcr: {address: a.b, region: [x]}", "ghcr.region is not a text", "one value"],
    ["ghcr: {address: a.b, profile: [x]}", "ghcr.profile is not a text", "one value"],
    ["'a b': ghcr.io", "is not a registry name", "letters, digits"],
    ["ghcr: {address: a.b, required: maybe}", 'required is "maybe", not true or false', "true or false"],
  ])("refuses %s", async (line, what, fix) => {
    const text = `docker_info: {docker_image_name: cmamp}\ncontainer_registry_info:\n  ${line}\n`;
    expect(await refusedConfig(text)).toMatchObject({
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
    });
  });
});

describe("targetRegistries", () => {
  const all = registries({
    ecr: "1.dkr.ecr.eu-north-1.amazonaws.com",
    hub: { address: "causify", kind: "dockerhub" },
    office: { address: "host:5000", kind: "oci" },
    attic: { address: "host:5001", kind: "oci", required: false },
  });
  const names = (...wanted: string[]) => targetRegistries(all, wanted).map(({ name }) => name);

  it("are all required ones when none is named", () => {
    expect(names()).toEqual(["ecr", "hub", "office"]);
  });

  it.each([
    ["ecr", "ecr"],
    ["aws_ecr", "ecr"],
    ["aws_ecr.ck", "ecr"],
    ["ecr.anything", "ecr"],
    ["dockerhub.kaizenflow", "hub"],
    ["dockerhub", "hub"],
    ["attic", "attic"],
  ])("%s means %s", (wanted, name) => {
    expect(names(wanted)).toEqual([name]);
  });

  it("stand in the config's order, each once", () => {
    expect(names("office", "aws_ecr.ck", "ecr")).toEqual(["ecr", "office"]);
  });

  it.each([
    ["offce", "--target-registries office"],
    ["oci.any", "--target-registries "],
    ["ghcr.any", "--target-registries "],
    ["my_aws_ecr", "--target-registries ecr"],
    ["", "--target-registries "],
  ])("refuses %j, which names none or several", (wanted, fix) => {
    expect(refusal(() => names(wanted))).toMatchObject({
      message: `"${wanted}" is not a registry of this repo`,
      why: "container_registry_info of repo_config.yaml knows ecr, hub, office, attic.",
      fix: expect.stringContaining(fix),
    });
  });

  it("are to be configured where a repo has none", () => {
    expect(refusal(() => targetRegistries([], ["ecr"]))).toMatchObject({
      why: "container_registry_info of repo_config.yaml knows none.",
      fix: "Add the registry to container_registry_info",
    });
  });
});

describe("--base-name", () => {
  it.each([
    ["ghcr.io/acme/tools", "ghcr.io/acme/tools", "ghcr"],
    ["acme/tools", "acme/tools", "dockerhub"],
    [
      "123456789012.dkr.ecr.eu-north-1.amazonaws.com/tools",
      "123456789012.dkr.ecr.eu-north-1.amazonaws.com/tools",
      "ecr",
    ],
    ["127.0.0.1:5000/tools", "127.0.0.1:5000/tools", "oci"],
    ["tools", "tools", undefined],
  ])("%s is the repository %s", (text, repository, kind) => {
    const named = withBase(config(), parseImageBase(text));
    expect([engineRepository({ config: named }), named.registries[0]?.kind]).toEqual([repository, kind]);
  });

  it("is of a registry of the config where it lies in one", () => {
    const row = { address: "127.0.0.1:5000/team", kind: "ecr", region: "eu-north-1", profile: "team" };
    const named = config({ container_registry_info: { work: row } });
    expect(withBase(named, parseImageBase("127.0.0.1:5000/team/tools")).registries).toEqual(named.registries);
  });

  it.each(["tools:dev", `tools@${digest("a")}`, "ghcr.io/acme/tools:dev"])(
    "%s is refused for what stands behind it",
    (text) => {
      expect(refusal(() => parseImageBase(text))).toMatchObject({
        message: `--base-name "${text}" has a tag or a digest`,
        fix: `Leave it out: --base-name ${text.replace(/[:@](dev|sha256.*)$/, "")}`,
      });
    },
  );

  it.each(["", "-x", "Tools", "a b", "$(id)"])("%j is refused", (text) => {
    expect(refusal(() => parseImageBase(text)).message).toContain("is not an image reference");
  });
});
