import { describe, expect, it } from "vitest";
import { baseImages, declaredArgs, withoutSyntax } from "../../lib/formats/dockerfile.ts";
import { dockerfileRows } from "../bed/dockerfiles.ts";

describe("baseImages", () => {
  it.each<[string, string, Readonly<Record<string, string>>, readonly string[]]>([
    ["one", "FROM debian:13\nRUN true\n", {}, ["debian:13"]],
    ["with a platform", "FROM --platform=$BUILDPLATFORM debian:13 AS x\n", {}, ["debian:13"]],
    ["in lower case", "from debian:13 as x\n", {}, ["debian:13"]],
    ["of several stages, each once", "FROM a AS x\nFROM b\nFROM a\n", {}, ["a", "b"]],
    ["without stages of its own", "FROM a AS x\nFROM x AS y\nFROM y\n", {}, ["a"]],
    ["without scratch", "FROM scratch\n", {}, []],
    ["from an ARG's default", "ARG BASE=debian:13\nFROM $BASE\n", {}, ["debian:13"]],
    ["from a quoted default", 'ARG BASE="debian:13"\nFROM ${BASE}\n', {}, ["debian:13"]],
    ["from a build argument before the default", "ARG V=12\nFROM debian:$V\n", { V: "13" }, ["debian:13"]],
    ["from a fallback in the line", "FROM debian:${V:-13}\n", {}, ["debian:13"]],
    ["from several on one ARG line", "ARG A=debian B=13\nFROM $A:$B\n", {}, ["debian:13"]],
    ["not from an ARG below the first FROM", "FROM a\nARG V=2\nFROM b:${V:-1}\n", {}, ["a", "b:1"]],
    ["over a line break", "FROM \\\n  debian:13 \\\n  AS x\n", {}, ["debian:13"]],
    ["with Windows line ends", "FROM debian:13\r\nRUN true\r\n", {}, ["debian:13"]],
    ["not in a comment", "# FROM a\nFROM b\n", {}, ["b"]],
    ["none in an empty file", "", {}, []],
    ["indented", "  FROM debian:13\n", {}, ["debian:13"]],
    ["of a stage named in lower case", "FROM a as x\nFROM x\n", {}, ["a"]],
    ["where no stage is named", "FROM a AS\nFROM b of c\nFROM c\n", {}, ["a", "b", "c"]],
    ["with a flag behind the platform", "FROM --platform=a --x=b debian:13\n", {}, ["debian:13"]],
    ["over a line break of Windows", "FROM \\\r\n  debian:13\r\n", {}, ["debian:13"]],
    ["over a line break in a word", "FROM debian\\\n:13\n", {}, ["debian:13"]],
    ["none where a line names none", "FROM\nFROM ${X}\nFROM --platform=x\n", {}, []],
    ["over several line breaks", "ARG A=x \\\n  B=y\nFROM \\\n $A:$B\n", {}, ["x:y"]],
    ["from a default with an equals sign", "ARG A=x=y\nFROM $A\n", {}, ["x=y"]],
    ["from a default in single quotes", "ARG A='x'\nFROM $A\n", {}, ["x"]],
    ["from a default that holds a quote", "ARG A=x'y\nFROM $A\n", {}, ["x'y"]],
    ["not from a word whose part alone is a name", "ARG A=x\nARG A-B=y C-A=z\nFROM $A\n", {}, ["x"]],
    [
      "from a name that holds one of a platform",
      "ARG XTARGETARCH=x TARGETOSX=y\nFROM $XTARGETARCH:$TARGETOSX\n",
      {},
      ["x:y"],
    ],
    ["from a fallback where the default is empty", "ARG A=\nFROM ${A:-x-y}\n", {}, ["x-y"]],
    [
      "that it copies from",
      "FROM a AS x\nFROM b\nCOPY --chown=1 --from=c:1 /a /b\nCOPY --from=x /a /b\n",
      {},
      ["a", "b", "c:1"],
    ],
    ["that it mounts", "FROM a\nRUN --mount=type=bind,from=c:1,target=/x true\n", {}, ["a", "c:1"]],
    ["without a stage by its number", "FROM a\nFROM b\nCOPY --from=0 /a /b\nRUN --mount=from=1 true\n", {}, ["a", "b"]],
    [
      "without a word that only looks like it",
      "FROM a\nCOPY /--from=c /b\nADD --from=d / /\nRUN echo from=e\n",
      {},
      ["a"],
    ],
    ["a name that the builder refuses as it stands", "ARG V=2\nFROM a\nCOPY --from=c:$V /a /b\n", {}, ["a", "c:$V"]],
    ["a name that takes more to read as it stands", "ARG V=2\nFROM a:${V#x}$TARGETARCH\n", {}, ["a:${V#x}$TARGETARCH"]],
    ["a mount in quotes as it stands", 'FROM a\nRUN --mount="from=b" true\n', {}, ["a", '"from=b"']],
    ["without a variable that nobody sets", "FROM a$B${C}${D:-}\n", {}, ["a"]],
    ["without a default of another case", "ARG a=x\nFROM y$A\n", {}, ["y"]],
  ])("%s", (_name, text, args, expected) => {
    expect(baseImages(text, args)).toEqual(expected);
  });
});

describe("as the builder reads them, the images of", () => {
  it.each(dockerfileRows)("%s", (_what, text, images, given) => {
    const [name = "", value = ""] = given.split("=");
    expect(baseImages(text.replaceAll("@", "x"), { [name]: value }).sort()).toEqual(
      images.map((image) => `x/${image}`),
    );
  });
});

describe("the line of the builder's own frontend is left out:", () => {
  const rest = "FROM a\n# syntax=docker/dockerfile:1\n";
  it.each([
    ["# syntax=docker/dockerfile:1\n", ""],
    ["# syntax = docker/dockerfile:experimental  \r\n", ""],
    ["#SYNTAX=docker.io/docker/dockerfile\n", ""],
    ["\uFEFF# syntax=docker/dockerfile:1.7\n# escape=`\n", "\uFEFF# escape=`\n"],
    ["# escape=`\n# syntax=docker/dockerfile:1\n", "# escape=`\n"],
    ...["docker/dockerfile:1-labs", "ghcr.io/acme/frontend", `docker/dockerfile:1@sha256:${"a".repeat(64)}`].map(
      (name) => [`# syntax=${name}\n`, `# syntax=${name}\n`],
    ),
    ["# why\n# syntax=docker/dockerfile:1\n", "# why\n# syntax=docker/dockerfile:1\n"],
    ["", ""],
  ])("%j becomes %j", (before, after) => {
    expect(withoutSyntax(before + rest)).toBe(after + rest);
  });
});

describe("declaredArgs", () => {
  it.each([
    ["ARG A\nFROM x\nARG B=2\nARG A\n", ["A", "B"]],
    ["  arg C=a D\n", ["C", "D"]],
    ["FROM x\n", []],
    ["MYARG A\nARGS B\n", []],
    ["ARG\tFIRST=1=x  SECOND=2 \n", ["FIRST", "SECOND"]],
    ["RUN echo ARG A\n# ARG B\n", []],
    ["ARG A=1\r\nARG B\r\n", ["A", "B"]],
  ])("of %j are %j", (text, expected) => {
    expect(declaredArgs(text)).toEqual(expected);
  });
});
