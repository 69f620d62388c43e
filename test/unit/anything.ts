import fc from "fast-check";

/** A text of any characters at all; for its own unit of this kind fast-check makes a table that takes a second. */
export const anything = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
});
