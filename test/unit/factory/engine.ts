import type { ListedImage } from "../../../lib/doors/containers.ts";
import type { EngineContainer } from "../../../lib/names/engine_container.ts";
import type { EngineFacts, LocalImage } from "../../../lib/plan/facts.ts";
import { digest } from "./values.ts";

export const engine = (more: Partial<EngineFacts> = {}): EngineFacts => ({
  up: true,
  why: "",
  version: "26.1.5",
  plugins: ["buildx", "compose"],
  platform: "linux/amd64",
  store: "containerd",
  images: [],
  ...more,
});

export const localImage = (reference: string, more: Partial<LocalImage> = {}): LocalImage => ({
  reference,
  id: digest("1"),
  digests: [],
  labels: {},
  platform: "linux/amd64",
  content: "c1",
  ...more,
});

export const listedImage = (repository: string, tag: string, more: Partial<ListedImage> = {}): ListedImage => ({
  repository,
  tag,
  id: digest("f"),
  size: "2MB",
  created: "2025-01-02 10:00:00 +0000 UTC",
  ...more,
});

/** A running container that gp started of cmamp; the letters start its id and are in its name. */
export const container = (letters: string, more: Partial<EngineContainer> = {}): EngineContainer => ({
  id: letters.padEnd(64, "0"),
  name: `box_${letters}`,
  image: "127.0.0.1:5001/cmamp:dev",
  imageId: digest("1"),
  running: true,
  status: "Up 3 minutes",
  created: "2025-01-02T10:00:00Z",
  ports: [],
  command: "bash",
  labels: { "dev.slipway.image": "cmamp", "dev.slipway.user": "gp" },
  envNames: [],
  ...more,
});
