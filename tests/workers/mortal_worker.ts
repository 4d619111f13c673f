/**
 * A worker that dies when it is told to.
 *
 * @module
 */
import "../../src/workers/worker.ts";

const channel = new BroadcastChannel("mortal");
channel.onmessage = ({ data }): void => {
  if (data === self.name) throw new Error("told to die");
};
