import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import meta from "../../deno.json" with { type: "json" };
import { freePorts, soon } from "./harness.ts";
import { e2eTest } from "./tools.ts";

const root = new URL("../../", import.meta.url).pathname;
const permissions = ["--allow-net", "--allow-read"];

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, in the project's folder. */
async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Result> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
  }).spawn();
  try {
    const { code, stdout, stderr } = await soon(`the end of ${args.join(" ")}`, child.output());
    const decoder = new TextDecoder();
    const result = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    assert(!/^ {4}at /m.test(result.stderr), `no stack trace in:\n${result.stderr}`);
    return result;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Runs main.ts as the task does. */
function main(
  args: readonly string[],
  allowed = permissions,
  env: Record<string, string> = {},
): Promise<Result> {
  return run(Deno.execPath(), ["run", "--no-prompt", ...allowed, "main.ts", ...args], env);
}

/** Runs the task itself. */
function task(args: readonly string[]): Promise<Result> {
  return run(Deno.execPath(), ["task", "--quiet", "start", ...args]);
}

/** Lends a configuration file with this text. */
async function withFile(text: string, use: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "sniproxy-", suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, text);
    await use(file);
  } finally {
    await Deno.remove(file);
  }
}

function assertOneLine(text: string, part: string): void {
  assertMatch(text, /^[^\n]+\n$/);
  assertStringIncludes(text, part);
}

const valid = `listen_addrs: ["127.0.0.1:8080", ":8443"]
metrics: { address: "127.0.0.1:9191" }
routes:
  - { name: shop, hosts: ["shop.test", "*.shop.test"], backends: ["10.0.0.1:443"] }
  - { hosts: ["blocked.test"], action: reject }
`;

for (const flag of ["-h", "--help"]) {
  Deno.test(`${flag} prints the words and flags and exits 0`, async () => {
    const { code, stdout, stderr } = await main([flag]);
    assertEquals([code, stderr], [0, ""]);
    const named = [
      "serve",
      "check",
      "explain",
      "permissions",
      "--config",
      "--log-level",
      "--help",
      "--version",
      "SIGHUP",
    ];
    for (const each of named) assertStringIncludes(stdout, each);
  });
}

for (const flag of ["-V", "--version"]) {
  Deno.test(`${flag} prints the version of deno.json and exits 0`, async () => {
    const { code, stdout, stderr } = await main([flag]);
    assertEquals([code, stdout, stderr], [0, `sniproxy ${meta.version}\n`, ""]);
  });
}

const wrong: readonly (readonly [args: string[], part: string])[] = [
  [["frobnicate"], `"frobnicate"`],
  [["serve", "check"], `"check"`],
  [["5"], `"5"`],
  [[""], `""`],
  [["--frobnicate"], "--frobnicate"],
  [["-x"], "-x"],
  [["check", "--cofnig", "x.yaml"], "--cofnig"],
  [["-c"], "--config"],
  [["--config"], "--config"],
  [["check", "-c", "--log-level", "info"], "--config"],
  [["--log-level"], "--log-level"],
  [["--log-level", "loud"], "debug, info, warn, error"],
  [["--log-level", "INFO"], "debug, info, warn, error"],
];
for (const [args, part] of wrong) {
  Deno.test(`"${args.join(" ")}" is answered with one line and exit code 2`, async () => {
    const { code, stdout, stderr } = await main(args);
    assertOneLine(stderr, part);
    assertEquals([code, stdout], [2, ""]);
  });
}

Deno.test("check prints a summary of listeners and routes and exits 0", async () => {
  await withFile(valid, async (file) => {
    const { code, stdout, stderr } = await main(["check", "-c", file]);
    assertEquals([code, stderr], [0, ""]);
    const said = [
      "127.0.0.1:8080",
      "[::]:8443",
      "http://127.0.0.1:9191",
      "shop: shop.test, *.shop.test -> 10.0.0.1:443",
      "blocked.test -> reject",
    ];
    for (const each of said) assertStringIncludes(stdout, each);
  });
});

Deno.test("check takes every log level", async () => {
  await withFile(valid, async (file) => {
    for (const level of ["debug", "info", "warn", "error"]) {
      const { code } = await main(["check", `--config=${file}`, "--log-level", level]);
      assertEquals(code, 0, level);
    }
  });
});

const bad = `listen_addrs: ["127.0.0.1:8080", "127.0.0.1"]
max_connection: 5
timeouts: { idle: fast }
routes:
  - hosts: ["a.test"]
    backends: ["127.0.0.1:8081"]
    backend: x
  - { hosts: ["b.test"], backends: ["10.0.0.1:70000"] }
`;
for (const word of [["check"], ["serve"], []]) {
  Deno.test(`a bad file given to ${word[0] ?? "no word"} is told with all its problems`, async () => {
    await withFile(bad, async (file) => {
      const { code, stdout, stderr } = await main([...word, "-c", file]);
      assertEquals([code, stdout], [2, ""]);
      const told = stderr.trimEnd().split("\n");
      const starts = [
        `${file}:1:34: listen_addrs[1]: `,
        `${file}:2:1: max_connection: `,
        `${file}:3:19: timeouts.idle: `,
        `${file}:7:5: routes[0].backend: `,
        `${file}:8:37: routes[1].backends[0]: `,
      ];
      assertEquals(told.map((line, i) => line.slice(0, starts[i]?.length)), starts);
      assertStringIncludes(told[1], `did you mean "max_connections"?`);
    });
  });
}

Deno.test("a file that is not YAML is told with line and column", async () => {
  await withFile(`listen_addrs: ["127.0.0.1:8080"\nroutes: []\n`, async (file) => {
    const { code, stdout, stderr } = await main(["check", "-c", file]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, new RegExp(`^${file}:\\d+:\\d+: [^\n]+\n$`));
  });
});

Deno.test("keys of SNIProxy-rs without effect are warned of, each once, and the file holds", async () => {
  const keys = [
    "udp_listen_addrs",
    "quic_config",
    "http3_config",
    "protocol_routing",
    "ssh_routes",
  ];
  const lines = [`listen_addrs: ["127.0.0.1:8080"]`, ...keys.map((key) => `${key}: {}`)];
  await withFile(lines.join("\n"), async (file) => {
    const { code, stderr } = await main(["check", "-c", file]);
    assertEquals(code, 0);
    const told = stderr.trimEnd().split("\n");
    assertEquals(
      told.map((line) => line.split(": ").slice(0, 3).join(": ")),
      keys.map((key, i) => `warning: ${file}:${i + 2}:1: ${key}`),
    );
  });
});

Deno.test("a file that cannot be read is told in one line", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "sniproxy-" });
  try {
    await Deno.writeTextFile(`${folder}/file`, valid);
    for (const path of [`${folder}/missing.yaml`, folder, `${folder}/file/config.yaml`]) {
      for (const word of ["check", "serve"]) {
        await test.step(`${word} ${path.slice(folder.length)}`, async () => {
          const { code, stdout, stderr } = await main([word, "-c", path]);
          assertOneLine(stderr, path);
          assertEquals([code, stdout], [2, ""]);
        });
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

e2eTest("a file of somebody else is told in one line", ["setpriv"], async () => {
  await withFile(valid, async (file) => {
    await Deno.chmod(file, 0o000);
    // Without these two capabilities, root may read no more than others.
    const { code, stdout, stderr } = await run("setpriv", [
      ...Deno.uid() === 0 ? ["--bounding-set=-dac_override,-dac_read_search"] : [],
      ...[Deno.execPath(), "run", "--no-prompt", ...permissions, "main.ts", "check", "-c", file],
    ]);
    assertOneLine(stderr, file);
    assertEquals([code, stdout], [2, ""]);
  });
});

Deno.test("an address in use is named in one line and exits 1", async (test) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const used = `127.0.0.1:${taken.addr.port}`;
  const free = `127.0.0.1:${freePorts(1)[0]}`;
  const files = {
    listener: `listen_addrs: ["${used}"]\nmetrics: { enabled: false }\n`,
    "second listener": `listen_addrs: ["${free}", "${used}"]\nmetrics: { enabled: false }\n`,
    endpoint: `listen_addrs: ["${free}"]\nmetrics: { address: "${used}" }\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await test.step(name, async () => {
      await withFile(text, async (file) => {
        const { code, stdout, stderr } = await main(["-c", file, "--log-level", "error"]);
        assertOneLine(stderr, used);
        assertEquals([code, stdout], [1, ""]);
      });
    });
  }
});

Deno.test("a missing permission is named by its flag in one line and exits 1", async (test) => {
  const [port, endpoint] = freePorts(2).map((each) => `127.0.0.1:${each}`);
  const text = `listen_addrs: ["${port}"]\nmetrics: { address: "${endpoint}" }\n`;
  await withFile(text, async (file) => {
    const cases: readonly (readonly [flags: string[], missing: string])[] = [
      [["--allow-net"], `--allow-read=${file}`],
      [["--allow-net", "--allow-read=/nowhere"], `--allow-read=${file}`],
      [["--allow-read"], "--allow-net="],
      [["--allow-read", `--allow-net=${endpoint}`], `--allow-net=${port}`],
      [["--allow-read", `--allow-net=${port}`], `--allow-net=${endpoint}`],
    ];
    for (const [flags, missing] of cases) {
      await test.step(flags.join(" ").replace(file, "FILE"), async () => {
        const { code, stdout, stderr } = await main(["-c", file, "--log-level", "error"], flags);
        assertOneLine(stderr, missing);
        assertEquals([code, stdout], [1, ""]);
      });
    }
  });
});

Deno.test("the task hands its arguments on, and its exit code back", async () => {
  await withFile(valid, async (file) => {
    const { code, stdout } = await task(["check", "-c", file]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "shop.test");
  });
  assertEquals((await task(["frobnicate"])).code, 2);
  assertEquals((await task(["-c", "/nowhere.yaml"])).code, 2);
});

Deno.test("check without a file reads config.yaml in the current directory", async () => {
  const { code, stdout, stderr } = await task(["check"]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "status.localhost");
});

Deno.test("explain and permissions answer on stdout and exit 0", async () => {
  const named = `  - { hosts: ["named.test"], backends: ["app.internal:443"] }\n`;
  await withFile(valid + named, async (file) => {
    const text = await main(["explain", "www.shop.test", "-c", file]);
    assertEquals([text.code, text.stderr], [0, ""]);
    assertStringIncludes(text.stdout, "shop (*.shop.test): the longest wildcard");
    const json = await main(["explain", "blocked.test", "-c", file, "--json"]);
    assertEquals([json.code, JSON.parse(json.stdout).outcomes[0].reason], [0, "rejected"]);
    // Names are only looked up if that is allowed.
    const silent = await main(["explain", "named.test", "-c", file], ["--allow-read"]);
    assertEquals([silent.code, silent.stderr], [0, ""]);
    assertStringIncludes(silent.stdout, "app.internal:443: not looked up");
    assertEquals(silent.stdout.includes("refused"), false);
    const { code, stdout, stderr } = await main(["permissions", "-c", file], ["--allow-read"]);
    assertEquals(code, 0);
    assertEquals(
      stdout,
      "--allow-net=127.0.0.1:8080,[::]:8443,0.0.0.0:8443,127.0.0.1:9191,10.0.0.1:443,0.0.0.0/0:443,app.internal " +
        `--allow-read=${file}\n`,
    );
    assertMatch(stderr, /^# 10\.0\.0\.1:443: route shop$/m);
  });
});

Deno.test("check warns of rules that get in each other's way, and exits 0", async () => {
  await withFile(valid + `  - { hosts: ["shop.test"], action: reject }\n`, async (file) => {
    const { code, stderr } = await main(["check", "-c", file]);
    assertEquals(code, 0);
    assertOneLine(stderr, `warning: routes[2]: "shop.test" never wins, routes[0] (shop) has it`);
  });
});

Deno.test("check needs no permission but to read, and says what it could not find out", async () => {
  await withFile(`listen_addrs: ["127.0.0.1:1"]\n`, async (file) => {
    const { code, stderr } = await main(["check", "-c", file], ["--allow-read"]);
    assertEquals(code, 0);
    assertOneLine(stderr, "note: listening on 127.0.0.1:1 needs root or CAP_NET_BIND_SERVICE");
  });
});

Deno.test("an answer that can't be written is told in one line", async () => {
  const words = `"$0" run --no-prompt --allow-read main.ts check > /dev/full`;
  const { code, stderr } = await run("sh", ["-c", words, Deno.execPath()]);
  assertOneLine(stderr, "sniproxy: cannot write: No space left on device");
  assertEquals(code, 1);
});

e2eTest("check says who may not listen below 1024", ["setpriv"], async () => {
  const text = `listen_addrs: ["127.0.0.1:1"]\nmetrics: { enabled: false }\n`;
  await withFile(text, async (file) => {
    const words = [
      Deno.execPath(),
      "run",
      "--no-prompt",
      ...permissions,
      "main.ts",
      "check",
      "-c",
      file,
    ];
    const { code, stderr } = await run("setpriv", [
      ...Deno.uid() === 0 ? ["--bounding-set=-net_bind_service"] : [],
      ...words,
    ]);
    assertEquals(code, 0);
    assertOneLine(stderr, "warning: listening on 127.0.0.1:1 needs root or CAP_NET_BIND_SERVICE");
  });
});

Deno.test("SNIPROXY_CONFIG names the configuration or is it, if no file is named", async () => {
  const allowed = [...permissions, "--allow-env=SNIPROXY_CONFIG"];
  await withFile(valid, async (file) => {
    const broken = "listen_addrs: []\nroutes: 7\n";
    const cases:
      readonly (readonly [value: string, args: string[], flags: string[], part: string])[] = [
        [file, ["check"], allowed, "shop.test"],
        [valid, ["check"], allowed, "shop.test"],
        [broken, ["check", "-c", file], allowed, "shop.test"],
        [valid, ["permissions"], allowed, " --allow-env=SNIPROXY_CONFIG\n"],
        [broken, ["permissions", "-c", file], allowed, ` --allow-read=${file}\n`],
        [broken, ["check"], allowed, "SNIPROXY_CONFIG:2:9: routes: found 7"],
        ['listen_addrs: [":1"]', ["check"], allowed, "no document, which has more than one line"],
        ["", ["check"], allowed, "status.localhost"],
        // Without the permission it does not count, and nobody is asked for it.
        [broken, ["check"], permissions, "status.localhost"],
      ];
    for (const [value, args, flags, part] of cases) {
      const { stdout, stderr } = await main(args, flags, { SNIPROXY_CONFIG: value });
      assertStringIncludes(stdout + stderr, part);
    }
  });
});
