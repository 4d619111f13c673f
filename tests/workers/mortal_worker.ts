/**
 * A worker that dies when it is told to.
 *
 * @module
 */
import "../../src/workers/worker.ts";

const channel = new BroadcastChannel("mortal");
channel.onmessage = ({ data }): void => {
  if (data === new URL(import.meta.url).hash) throw new Error("told to die");
};
