/** A Dockerfile, what it is given, and the images that are read for it; each row has names of its own, below `@`. */
export type DockerfileRow = readonly [what: string, text: string, images: readonly string[], given: string];

/** Held against our reading by a unit test, and against the builder by a real one. */
export const dockerfileRows: readonly DockerfileRow[] = [
  [
    "stages by names of any case",
    "FROM @/a AS Base\nFROM base AS x\nFROM @/b\nCOPY --from=BASE /bin /x\n",
    ["a", "b"],
    "",
  ],
  ["stages by number", "FROM @/a\nFROM @/b\nCOPY --from=0 /bin /x\n", ["a", "b"], ""],
  ["lower case", "from @/a as x\nfrom scratch\ncopy --from=x /bin /x\n", ["a"], ""],
  ["an argument put together from another", 'ARG A=@/a\nARG B="$A"\nFROM ${B}\n', ["a"], ""],
  [
    "a fallback for what nobody declares, and for what is empty",
    "ARG B=\nFROM ${A-@/a} AS x\nFROM ${B:-@/b}\nCOPY --from=x /bin /x\n",
    ["a", "b"],
    "",
  ],
  ["a word for what is set", "ARG A=1\nARG B\nFROM ${A:+@/a}${B:+x}${C+y}\n", ["a"], ""],
  ["an argument that loses its value", "ARG A=@/b\nARG A\nFROM ${A:-@/a}\n", ["a"], ""],
  ["an argument below a stage from scratch", "ARG V=a\nFROM scratch AS x\nARG V=b\nFROM @/$V\n", ["a"], ""],
  ["an argument that is given", "ARG V=b\nFROM @/$V\n", ["a"], "V=a"],
  ["an argument that is given and not declared", "FROM @/a$V\n", ["a"], "V=b"],
  ["a comment and a gap in a line", "FROM @/a\nCOPY \\\n# why\n\n  --from=@/b \\\n  /bin /x\n", ["a", "b"], ""],
  ["blanks behind the end of a line", "FROM @/a\nCOPY --from=@/b \\ \t\n  /bin /x\n", ["a", "b"], ""],
  ["another letter that lets lines go on", "# escape=`\nFROM @/a\nCOPY --from=@/b `\n  /bin /x\n", ["a", "b"], ""],
  ["a backslash that is taken literally", "FROM @/a\nLABEL x=y\\\\\nCOPY --from=@/b /bin /x\n", ["a", "b"], ""],
  [
    "mounts",
    "FROM @/a\nRUN --mount=type=bind,From=@/b,target=/t --mount=from=@/c,target=/u true\n",
    ["a", "b", "c"],
    "",
  ],
  ["a text between marks", "FROM @/a\nCOPY <<EOF /x\nFROM @/c AS b\nEOF\nCOPY --from=@/b /bin /y\n", ["a", "b"], ""],
  [
    "a text between quoted marks",
    'FROM @/a\nCOPY <<-"END" /x\n\tCOPY --from=@/c / /\n\tEND\nCOPY --from=@/b /bin /y\n',
    ["a", "b"],
    "",
  ],
  ["what only builds on it does", "FROM @/a\nONBUILD COPY --from=@/b / /\n", ["a"], ""],
  ["a platform", "FROM --platform=$TARGETPLATFORM @/a AS x\n", ["a"], ""],
  ["a mark of byte order and Windows line ends", "\uFEFFARG A=@/a\r\nFROM $A\r\n", ["a"], ""],
];
