import { assertEquals } from "@std/assert";
import { curl, gnutls, type Handshake, type HandshakeOptions, openssl } from "./clients.ts";
import { Proxy } from "./harness.ts";
import { type Nginx, startNginx } from "./nginx.ts";
import { e2eTest } from "./tools.ts";

/** Each site's certificate is valid for what its route matches. */
const SITES = {
  "one.test": ["one.test"],
  "star.test": ["*.star.test"],
  "deep.test": ["*.deep.star.test"],
  "shop.test": ["shop-1.test", "shop-42.test"],
} as const;

type SiteName = keyof typeof SITES;

function config({ sites }: Nginx<SiteName>, more = ""): string {
  return `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { hosts: ["one.test"], backends: ["127.0.0.1:${sites["one.test"].tls}"] }
  - { hosts: ["*.star.test"], backends: ["127.0.0.1:${sites["star.test"].tls}"] }
  - { hosts: ["*.deep.star.test"], backends: ["127.0.0.1:${sites["deep.test"].tls}"] }
  - { hosts: ["/^shop-[0-9]+\\\\.test$/"], backends: ["127.0.0.1:${sites["shop.test"].tls}"] }
${more}`;
}

async function withSites(
  use: (proxy: Proxy, nginx: Nginx<SiteName>) => Promise<void>,
  more?: (nginx: Nginx<SiteName>) => string,
): Promise<void> {
  await using nginx = await startNginx(SITES);
  await using proxy = await Proxy.start({ config: config(nginx, more?.(nginx)) });
  await use(proxy, nginx);
}

/** What a client asks for, and whose certificate it has to get. */
const asked: Record<string, SiteName> = {
  "one.test": "one.test",
  "OnE.tEsT": "one.test",
  "one.test.": "one.test",
  "a.star.test": "star.test",
  "a.b.star.test": "star.test",
  "x.deep.star.test": "deep.test",
  "X.DEEP.star.test.": "deep.test",
  "shop-1.test": "shop.test",
  "SHOP-42.test": "shop.test",
};

for (const version of ["tls1_2", "tls1_3"] as const) {
  e2eTest(
    `openssl s_client with ${version} gets the certificate of each name it asks for`,
    ["nginx", "openssl"],
    () =>
      withSites(async (proxy, { trust }) => {
        const got: Record<string, Handshake> = {};
        const expected: Record<string, Handshake> = {};
        for (const [name, subject] of Object.entries(asked)) {
          got[name] = await openssl(proxy.ports.tls, { name, trust, version });
          expected[name] = {
            subject,
            trusted: true,
            version: version.replace("tls1_", "TLSv1."),
            alpn: undefined,
            alert: undefined,
          };
        }
        assertEquals(got, expected);
      }),
  );
}

e2eTest(
  "gnutls-cli gets the certificate of each name it asks for",
  ["nginx", "openssl", "gnutls-cli"],
  () =>
    withSites(async (proxy, { trust }) => {
      for (const name of ["one.test", "a.star.test", "x.deep.star.test", "shop-1.test"]) {
        const { subject, trusted } = await gnutls(proxy.ports.tls, { name, trust });
        assertEquals({ subject, trusted }, { subject: asked[name], trusted: true }, name);
      }
      const { version, alpn } = await gnutls(proxy.ports.tls, {
        name: "one.test",
        trust,
        alpn: "h2",
      });
      assertEquals({ version, alpn }, { version: "TLS1.3", alpn: "h2" });
    }),
);

e2eTest(
  "ALPN is negotiated end to end, whatever the proxy thinks of it",
  ["nginx", "openssl"],
  () =>
    withSites(async (proxy, { trust }) => {
      for (const version of ["tls1_2", "tls1_3"] as const) {
        for (
          const [offered, agreed] of [
            ["h2", "h2"],
            ["http/1.1", "http/1.1"],
            ["http/1.1,h2", "h2"],
            ["acme-tls/1,http/1.1", "http/1.1"],
          ]
        ) {
          const options = { name: "one.test", trust, version, alpn: offered };
          const { alpn, subject } = await openssl(proxy.ports.tls, options);
          assertEquals({ alpn, subject }, { alpn: agreed, subject: "one.test" }, offered);
        }
      }
    }),
);

/** Whom no route matches. */
const strangers: Record<string, Pick<HandshakeOptions, "name">> = {
  "a name without a route": { name: "two.test" },
  "the suffix of a wildcard alone": { name: "star.test" },
  "a name around one with a route": { name: "one.test.evil" },
  "a name that an anchored regex matches only in part": { name: "shop-1.test.evil" },
  "no name": {},
  "an IP address": { name: "127.0.0.1" },
};

e2eTest(
  "TLS clients that no route matches get the alert unrecognized_name",
  ["nginx", "openssl", "gnutls-cli"],
  () =>
    withSites(async (proxy, { trust }) => {
      for (const [what, { name }] of Object.entries(strangers)) {
        for (const version of ["tls1_2", "tls1_3"] as const) {
          const { subject, alert } = await openssl(proxy.ports.tls, { name, trust, version });
          assertEquals({ subject, alert }, { subject: undefined, alert: 112 }, what);
        }
      }
      for (const name of ["two.test", undefined]) {
        const { subject, alert } = await gnutls(proxy.ports.tls, { name, trust });
        assertEquals({ subject, alert }, { subject: undefined, alert: 112 }, name);
      }
    }),
);

e2eTest(
  "TLS clients that no route matches get the fallback's certificate if there is one",
  ["nginx", "openssl"],
  () =>
    withSites(
      async (proxy, { trust }) => {
        for (const [what, { name }] of Object.entries(strangers)) {
          const { subject, alert } = await openssl(proxy.ports.tls, { name, trust });
          assertEquals({ subject, alert }, { subject: "one.test", alert: undefined }, what);
        }
        const { subject } = await openssl(proxy.ports.tls, { name: "a.star.test", trust });
        assertEquals(subject, "star.test", "what has a route keeps it");
      },
      ({ sites }) => `fallback: { backends: ["127.0.0.1:${sites["one.test"].tls}"] }`,
    ),
);

e2eTest(
  "curl gets the right answers over TLS, with http/1.1 and with h2",
  ["nginx", "openssl", "curl"],
  () =>
    withSites(async (proxy, { trust }) => {
      for (const [flag, version] of [["--http1.1", "1.1"], ["--http2", "2"]]) {
        for (const name of ["one.test", "a.star.test", "x.deep.star.test", "shop-1.test"]) {
          const url = `https://${name}/name`;
          const answer = await curl(proxy.ports.tls, url, [flag, "--cacert", trust]);
          assertEquals(answer, {
            status: 200,
            version,
            body: `${asked[name]} ${name}`,
            error: "",
          });
        }
      }
    }),
);
