// What a container on a node of a swarm starts; it lies in the image beside the code that it imports.
import { runListHere } from "../../lib/doors/inside/run_list.ts";

process.exitCode = await runListHere();
