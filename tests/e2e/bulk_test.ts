import { assert, assertEquals } from "@std/assert";
import { noise } from "../relay/sockets.ts";
import { curl } from "./clients.ts";
import { Proxy, until } from "./harness.ts";
import { startNginx } from "./nginx.ts";
import { sha256 } from "./sha256.ts";
import { e2eTest } from "./tools.ts";

const SIZE = 100 * 1024 * 1024;

async function sumOf(file: string): Promise<string> {
  return sha256(await Deno.readFile(file));
}

e2eTest(
  "100 MB come through unchanged each way, one after the other and both at once, and are counted",
  ["nginx", "openssl", "curl"],
  async () => {
    await using nginx = await startNginx({ "one.test": ["one.test"] });
    await using proxy = await Proxy.start({
      config: `
listen_addrs: ["127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ hosts: ["one.test"], backends: ["127.0.0.1:${nginx.sites["one.test"].tls}"] }]
`,
    });
    const { folder, trust } = nginx;
    await Deno.writeFile(`${folder}/blob`, noise(SIZE));
    const sum = await sumOf(`${folder}/blob`);

    const download = async (flag: string, name: string): Promise<void> => {
      const { status, error } = await curl(proxy.ports.tls, "https://one.test/blob", [
        ...[flag, "--cacert", trust, "--output", `${folder}/${name}`],
      ]);
      assertEquals([status, error], [200, ""]);
      assertEquals(await sumOf(`${folder}/${name}`), sum);
    };
    const upload = async (flag: string, name: string): Promise<void> => {
      const { status, error } = await curl(proxy.ports.tls, `https://one.test/${name}`, [
        ...[flag, "--cacert", trust, "--upload-file", `${folder}/blob`],
      ]);
      assertEquals([status, error], [201, ""]);
      assertEquals(await sumOf(`${folder}/${name}`), sum);
    };
    await download("--http1.1", "down-1");
    await upload("--http1.1", "up-1");
    await Promise.all([download("--http2", "down-2"), upload("--http1.1", "up-2")]);

    await until("the access log", () => proxy.access.length === 4);
    const large = (bytes: unknown): boolean => Number(bytes) > SIZE && Number(bytes) < 1.02 * SIZE;
    for (const { end, rx, tx } of proxy.access) {
      assertEquals(end, "done");
      assert(large(rx) !== large(tx), `one way is large: ${rx} in, ${tx} out`);
    }
    for (const direction of ["rx", "tx"]) {
      assertEquals(
        await proxy.metric(
          `sniproxy_bytes_transferred_total{route="one.test",direction="${direction}"}`,
        ),
        proxy.access.reduce((sum, line) => sum + Number(line[direction]), 0),
      );
    }
  },
);
