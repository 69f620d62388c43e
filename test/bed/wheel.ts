import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** One package of the test index: a wheel with one module that knows its own version. */
export type TestPackage = {
  readonly name: string;
  readonly version: string;
  /** As in a wheel's metadata: `left-pad (>=1.0)`, `alpha>=1,<2`. */
  readonly requires?: readonly string[];
};
export type Wheel = { readonly file: string; readonly bytes: Buffer; readonly sha256: string };
type Entry = { readonly name: string; readonly bytes: Buffer };

/** Makes the same bytes each time, so that a lock file with its hashes can be compared between runs. */
export function makeWheel({ name, version, requires = [] }: TestPackage): Wheel {
  const module = name.replace(/[-.]/g, "_");
  const info = `${module}-${version}.dist-info`;
  const needs = requires.map((each) => `Requires-Dist: ${each}\n`).join("");
  const files = [
    text(`${module}/__init__.py`, `__version__ = "${version}"\n`),
    text(`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nSummary: ${name}\n${needs}`),
    text(`${info}/WHEEL`, "Wheel-Version: 1.0\nGenerator: slipway-test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
  ];
  const rows = files.map(
    (each) => `${each.name},sha256=${hash(each.bytes).digest("base64url")},${each.bytes.length}\n`,
  );
  const bytes = zip([...files, text(`${info}/RECORD`, `${rows.join("")}${info}/RECORD,,\n`)]);
  return { file: `${module}-${version}-py3-none-any.whl`, bytes, sha256: hash(bytes).digest("hex") };
}

const text = (name: string, content: string): Entry => ({ name, bytes: Buffer.from(content) });
const hash = (bytes: Buffer) => createHash("sha256").update(bytes);

/** The oldest date that a zip can hold. */
const firstOf1980 = 0x0021;

function zip(entries: readonly Entry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const shared = sharedHeader(entry.bytes, name.length);
    const body = Buffer.concat([uint32(0x04034b50), shared, name, entry.bytes]);
    const attributes = [uint16(0), uint16(0), uint16(0), uint32((0o100644 << 16) >>> 0), uint32(offset)];
    // Version 3.20 "made by Unix": without it the file modes are ignored.
    directory.push(Buffer.concat([uint32(0x02014b50), uint16(0x0314), shared, ...attributes, name]));
    bodies.push(body);
    offset += body.length;
  }
  const list = Buffer.concat(directory);
  const counts = [uint16(0), uint16(0), uint16(entries.length), uint16(entries.length)];
  return Buffer.concat([
    ...bodies,
    list,
    uint32(0x06054b50),
    ...counts,
    uint32(list.length),
    uint32(offset),
    uint16(0),
  ]);
}

/** The part that an entry's own header and the directory have in common; nothing is compressed. */
function sharedHeader(bytes: Buffer, nameLength: number): Buffer {
  const sizes = [uint32(crc32(bytes)), uint32(bytes.length), uint32(bytes.length), uint16(nameLength), uint16(0)];
  return Buffer.concat([uint16(20), uint16(0), uint16(0), uint16(0), uint16(firstOf1980), ...sizes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
