import type { Repository } from "../names/address.ts";
import { locationOf } from "./blobs.ts";
import { broken, nameOf } from "./digest.ts";
import type { Outgoing } from "./http.ts";
import { startUpload } from "./http.ts";
import { authorization, refusedLogin } from "./login.ts";
import type { Ask } from "./perform.ts";
import { authorizationFor, push, refusal } from "./perform.ts";
import { scopeTexts } from "./rules/challenge.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import { contentRange, isPassing, restOfUpload } from "./rules/retry.ts";
import type { Held, Session } from "./session.ts";

/** An upload that was opened: where it goes on, and how many bytes of the blob the registry holds already. */
export type Upload = {
  readonly repo: Repository;
  readonly blob: Descriptor;
  readonly location: URL;
  readonly held: number;
};
/** The writing end of one upload. */
export type Sink = {
  /** Takes the next chunk of the whole blob, waits until there is room; false when the registry wants no more. */
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  /** Ends the upload; throws RegistryError, a network error, or PassingError. */
  readonly finish: () => Promise<void>;
  readonly destroy: () => void;
};

/** The registry did not take this upload and may take the next; `refused` is what to report if it does not. */
export class PassingError extends Error {
  readonly refused: Error;
  /** What the registry holds of it is of no use. */
  readonly anew: boolean;

  constructor(refused: Error, anew = false) {
    super(refused.message);
    this.refused = refused;
    this.anew = anew;
  }
}

type Piece = { readonly method: "PUT" | "PATCH"; readonly from: number; readonly to: number };
type Open = { readonly outgoing: Outgoing; readonly asked: Ask; readonly sent: Held | null };

/** A new upload is one PUT; the rest of a broken one goes by PATCH, and an empty PUT ends it. */
function piecesOf({ repo, blob, held }: Upload): Piece[] {
  const rest = held === 0 ? null : restOfUpload(repo.kind, held, blob.size);
  if (rest === null) return [{ method: "PUT", from: 0, to: blob.size }];
  const patches = rest.map(([from, to]): Piece => ({ method: "PATCH", from, to }));
  return [...patches, { method: "PUT", from: blob.size, to: blob.size }];
}

/** Gives the writing end of an upload; nothing is sent before the first byte (OCI distribution spec, "Pushing blobs"). */
export function sinkOf(session: Session, upload: Upload): Sink {
  const line = pieceLine(session, upload);
  let position = 0;
  const write = async (chunk: Uint8Array) => {
    const start = position;
    position += chunk.length;
    for (let piece = line.first(); piece !== undefined; piece = line.first()) {
      const part = chunk.subarray(Math.max(piece.from - start, 0), Math.max(piece.to - start, 0));
      if (part.length > 0 && !(await (await line.open(piece)).outgoing.write(part))) return false;
      if (position < piece.to || piece.method === "PUT") return true;
      await line.close(piece);
    }
    return true;
  };
  const finish = async () => {
    for (let piece = line.first(); piece !== undefined; piece = line.first()) await line.close(piece);
  };
  return { write, finish, destroy: line.destroy };
}

/** The pieces still to send, one request open at a time; each answer says where the next goes. */
function pieceLine(session: Session, upload: Upload) {
  const pieces = piecesOf(upload);
  let location = upload.location;
  let current: Open | null = null;
  const open = async (piece: Piece) => {
    current ??= await openPiece(session, { ...upload, location }, piece);
    return current;
  };
  const close = async (piece: Piece) => {
    location = (await closePiece(session, upload, await open(piece))) ?? location;
    current = null;
    pieces.shift();
  };
  return { first: () => pieces[0], open, close, destroy: () => current?.outgoing.destroy() };
}

async function openPiece(session: Session, upload: Upload, piece: Piece): Promise<Open> {
  const { repo, blob, location } = upload;
  const sent = await authorization(session, repo, scopeTexts(push(repo)));
  const digest = `${location.search === "" ? "?" : "&"}digest=${encodeURIComponent(blob.digest)}`;
  const asked: Ask = {
    repo,
    method: piece.method,
    url: piece.method === "PUT" ? new URL(`${location.href}${digest}`) : location,
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(piece.to - piece.from),
      ...(piece.method === "PATCH" ? { "content-range": contentRange([piece.from, piece.to]) } : {}),
      ...authorizationFor(repo, location, sent),
    },
    scopes: push(repo),
    accept: [201, 202, 204],
    doing: `push ${nameOf(repo, blob.digest)}`,
  };
  return { outgoing: await startUpload(session, asked), asked, sent };
}

async function closePiece(session: Session, { repo, blob, held }: Upload, open: Open): Promise<URL | null> {
  const { outgoing, asked, sent } = open;
  const answer = await outgoing.end();
  const { status } = answer;
  if (!asked.accept.includes(status)) {
    const refused = refusal(session, asked, { status, body: answer.text });
    // The part that was there may have come from a source that gave false bytes before it broke.
    if (asked.method === "PUT" && held > 0 && status === 400) throw new PassingError(refused, true);
    const challenge = answer.headers.get("www-authenticate");
    const lost = asked.method === "PATCH" && (status === 404 || status === 416);
    const again = status === 401 ? refusedLogin(session, repo, { challenge, sent }) : lost || isPassing({ status });
    throw again ? new PassingError(refused) : refused;
  }
  if (asked.method === "PATCH") return locationOf(repo, asked.url, answer.headers.get("location"));
  const said = answer.headers.get("docker-content-digest");
  if (said !== null && said !== blob.digest) throw broken(repo, blob.digest, `It says that it holds ${said} instead.`);
  return null;
}
