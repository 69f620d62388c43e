import { describe, expect, it } from "vitest";
import { html } from "../../lib/formats/html.ts";

describe("html", () => {
  it.each([
    ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
    [`" onload='x' &amp;`, "&quot; onload=&#39;x&#39; &amp;amp;"],
    ["a\u0000b\u001bc\u202ed", "a\\u0000b\\u001bc\\u202ed"],
    ["tab\tand\nline", "tab\tand\nline"],
  ])("escapes the value %j", (text, expected) => {
    expect(html`<p title="${text}">${text}</p>`.html).toBe(`<p title="${expected}">${expected}</p>`);
  });

  it("keeps what it made itself, takes lists apart, and shows nothing for what is not there", () => {
    expect(html`${[html`<b>${1}</b>`, "<", null]}${false}${undefined}`.html).toBe("<b>1</b>&lt;");
  });
});
