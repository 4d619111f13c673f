import { assertEquals } from "@std/assert";
import { readCommand } from "../src/command_line.ts";

Deno.test("words and flags are read, whatever their order", () => {
  const file = "config.yaml";
  const question = { host: "a.test", protocols: ["tls", "http"], alpn: [] };
  for (
    const [line, expected] of [
      ["", { word: "serve", file, level: undefined, watch: false }],
      ["serve -c x.yaml", { word: "serve", file: "x.yaml", level: undefined, watch: false }],
      ["--log-level debug check", { word: "check", file, level: "debug", watch: false }],
      ["--watch", { word: "serve", file, level: undefined, watch: true }],
      ["permissions --config=x.yaml", { word: "permissions", file: "x.yaml" }],
      ["explain a.test", { word: "explain", file, question, json: false }],
      ["explain --json a.test -c x.yaml", {
        ...{ word: "explain", file: "x.yaml", question, json: true },
      }],
      ["explain a.test --protocol tls --alpn h2,http/1.1 --client 192.0.2.1", {
        ...{ word: "explain", file, json: false },
        question: {
          host: "a.test",
          protocols: ["tls"],
          alpn: ["h2", "http/1.1"],
          client: "192.0.2.1",
        },
      }],
      ["explain a.test --client ::FFFF:192.0.2.1", {
        ...{ word: "explain", file, json: false },
        question: { ...question, client: "192.0.2.1" },
      }],
      ["explain a.test --client 2001:DB8:0::1", {
        ...{ word: "explain", file, json: false },
        question: { ...question, client: "2001:db8::1" },
      }],
      ["explain -", { word: "explain", file, question: { ...question, host: "-" }, json: false }],
      ["explain 7", { word: "explain", file, question: { ...question, host: "7" }, json: false }],
      ["check --help", { word: "help" }],
      ["explain -V", { word: "version" }],
    ] as const
  ) {
    assertEquals<unknown>(readCommand(line.split(" ").filter(Boolean)), expected, line);
  }
});

Deno.test("what is wrong is said in one line", () => {
  for (
    const [args, expected] of [
      [["explain"], "explain needs a HOST; - is a client that names none"],
      [["explain", "a", "b"], `unexpected "b" after explain`],
      [["explain", "a".repeat(1_025)], "HOST is longer than 1024 characters"],
      [["explain", "a", "--protocol", "ftp"], "--protocol needs tls or http"],
      [
        ["explain", "a", "--alpn"],
        "--alpn needs protocols separated by commas, such as h2,http/1.1",
      ],
      [
        ["explain", "a", "--alpn", ","],
        "--alpn needs protocols separated by commas, such as h2,http/1.1",
      ],
      [["explain", "a", "--client", "me"], "--client needs an IP address"],
      [["explain", "a", "--client", "fe80::1%eth0"], "--client needs an IP address"],
      [["explain", "a", "--client="], "--client needs an IP address"],
      [["check", "--json"], "--json belongs to explain"],
      [["--protocol", "tls"], "--protocol belongs to explain"],
      [["check", "--watch"], "--watch belongs to serve"],
      [["toString"], `unknown word "toString"`],
      [["permissions", "now"], `unexpected "now" after permissions`],
      [["-c", ""], `an argument is "", perhaps the value of a flag`],
      [["check", "-c", ""], `an argument is "", perhaps the value of a flag`],
      [["explain", "a", "--alpn", ""], `an argument is "", perhaps the value of a flag`],
      [["permissions", "-c"], "--config needs the name of one file"],
    ] as const
  ) {
    assertEquals<unknown>(readCommand(args), expected);
  }
});
