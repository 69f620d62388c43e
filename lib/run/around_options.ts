import { UserError } from "../model/errors.ts";
import { text } from "./options.ts";

/** Options of the commands around containers; two of them share each. */
export const container = text<string>(
  "ID",
  "The container by its name or the start of its id; the last one without it.",
  {
    onlyTyped: true,
  },
);
export const file = text<string>("PATH", "Hand the image over in this file, without a registry.", { onlyTyped: true });

/** A port of this machine, 1 to 65535. */
export const port = text<number>("N", "Publish on this port of 127.0.0.1.", {
  short: "p",
  parse: (value) => {
    if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535) return Number(value);
    throw new UserError(`--port "${value}" is no port`, {
      why: "A port is a number from 1 to 65535.",
      fix: "Use --port 8888",
    });
  },
});
