import { type Aws, region, startAws } from "../bed/aws.ts";
import type { CrashGround, Spot } from "../bed/crash_ground.ts";
import { handImage } from "../bed/hand_image.ts";
import { releaseByHand } from "../bed/released.ts";
import { type Row, sweepRows } from "../bed/swept.ts";
import { startTrapProxy, type TrapProxy } from "../bed/trap_proxy.ts";

let aws: Aws;
let proxy: TrapProxy;
let on: CrashGround;

const image = handImage("deployed", [100, 1000]);
const serviceOf = (spot: Spot) => `${spot.image}-prod`;

const row: Row = {
  line: ["docker_update_prod_task_definition", "--version", "1.0.0", "--cluster", "main"],
  gates: [],
  kinds: { r2: `kind: ecr, region: ${region}` },
  before: async (spot, { ground, addresses }) => {
    await releaseByHand(ground, spot.repo, [{ stage: "prod", version: "1.0.0", image }]);
    await aws.service(serviceOf(spot), `${addresses["r2"]}/${spot.image}:prod-xyz`);
  },
  env: (spot) => ({ ...aws.env, AWS_ENDPOINT_URL: `http://${proxy.address}/aws/${spot.image}` }),
  also: async (spot) => {
    const { revision, containerDefinitions } = await aws.definition(serviceOf(spot));
    const names = JSON.stringify((containerDefinitions ?? []).map((one) => one.image));
    const text = Object.entries(on.addresses).reduce((all, [key, address]) => all.replaceAll(address, key), names);
    return { revision, images: text, runs: (await aws.running("main", serviceOf(spot))).replace(/^.*\//, "") };
  },
  has: ["register_revision: revision", "update_service: service", "update_service: watch", "end: log"],
  least: 11,
  alone: /revision|service$/,
  interrupted: /revision|service$/,
};

sweepRows(
  {
    prefix: "deployed",
    more: async () => {
      aws = await startAws();
      proxy = await startTrapProxy(aws.fleet.address);
      return { aws: proxy };
    },
    before: async (made) => {
      on = made;
    },
    after: () => aws.end(),
  },
  { "a deployment": row },
);
