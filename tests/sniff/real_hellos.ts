/**
 * ClientHellos as real clients sent them (OpenSSL 3.0, GnuTLS 3.7, curl 7.88), and what is in them.
 *
 * @module
 */

/** A hello from the wire. */
export interface RealHello {
  /** The command that sent it. */
  readonly client: string;
  /** The name asked for. */
  readonly name: string | undefined;
  /** ALPN protocol ids. */
  readonly alpn: readonly string[];
  /** The versions offered. */
  readonly versions: readonly number[];
  /** All the client sent, TLS record header first. */
  readonly bytes: Uint8Array;
}

/** One of each kind. */
export const REAL_HELLOS: readonly RealHello[] = [
  {
    client: "openssl s_client -tls1 -noservername",
    name: undefined,
    alpn: [],
    versions: [0x0301],
    bytes: Uint8Array.fromBase64(`
      FgMBAGMBAABfAwF7nYRU+p46IZbez+2cGBcIx/W9e/VLKCIaDYmFKebL/gAAEsAKwBQAOcAJwBMAMwA1AC8A/wEAACQA
      CwAEAwABAgAKAAwACgAdABcAHgAZABgAIwAAABYAAAAXAAA=
    `),
  },
  {
    client: "openssl s_client -tls1_2",
    name: "a.example",
    alpn: [],
    versions: [0x0303],
    bytes: Uint8Array.fromBase64(`
      FgMBAMkBAADFAwM3c6wja3wgJwfBz+INxWN3aFn9nigZyUEXMPlZmcqrGwAAOMAswDAAn8ypzKjMqsArwC8AnsAkwCgA
      a8AjwCcAZ8AKwBQAOcAJwBMAMwCdAJwAPQA8ADUALwD/AQAAZAAAAA4ADAAACWEuZXhhbXBsZQALAAQDAAECAAoADAAK
      AB0AFwAeABkAGAAjAAAAFgAAABcAAAANACoAKAQDBQMGAwgHCAgICQgKCAsIBAgFCAYEAQUBBgEDAwMBAwIEAgUCBgI=
    `),
  },
  {
    client: "openssl s_client -tls1_3 -alpn h2,http/1.1",
    name: "www.example.com",
    alpn: ["h2", "http/1.1"],
    versions: [0x0304],
    bytes: Uint8Array.fromBase64(`
      FgMBAQYBAAECAwPQVjtGUQJy2+Qo2S70I3bI4QV2ecZTGDaJ59SXP5nTZiDwAKe8V42EtnY/NsZSUXkoTuojWD3Ecd2r
      vT90k2ITkQAIEwITAxMBAP8BAACxAAAAFAASAAAPV1dXLkV4YW1wbGUuY29tAAsABAMAAQIACgAWABQAHQAXAB4AGQAY
      AQABAQECAQMBBAAjAAAAEAAOAAwCaDIIaHR0cC8xLjEAFgAAABcAAAANAB4AHAQDBQMGAwgHCAgICQgKCAsIBAgFCAYE
      AQUBBgEAKwADAgMEAC0AAgEBADMAJgAkAB0AIPhCKIiJFdBv1s6JwgGBLkE4R9AHSxcG89ZjkqoHNkxj
    `),
  },
  {
    client: "openssl s_client -sess_in, with a ticket of 1,200 bytes",
    name: "ticket.example",
    alpn: [],
    versions: [0x0304, 0x0303, 0x0302, 0x0301],
    bytes: Uint8Array.fromBase64(`
      FgMBBnoBAAZ2AwOsIucoXmwaXd5skm85VN/watHm7rDqS9ncKVjJKVSNCiAuz3vLtlHvhLFORJWXMRJIuIW4Pqo96wCj
      h1K/y6TNUAA+EwITAxMBwCzAMACfzKnMqMyqwCvALwCewCTAKABrwCPAJwBnwArAFAA5wAnAEwAzAJ0AnAA9ADwANQAv
      AP8BAAXvAAAAEwARAAAOdGlja2V0LmV4YW1wbGUACwAEAwABAgAKABYAFAAdABcAHgAZABgBAAEBAQIBAwEEACMAAAAW
      AAAAFwAAAA0AKgAoBAMFAwYDCAcICAgJCAoICwgECAUIBgQBBQEGAQMDAwEDAgQCBQIGAgArAAkIAwQDAwMCAwEALQAC
      AQEAMwAmACQAHQAg+/qMxGJe6z3LNAzyYQeJM65VS2afgepAcFawFxtdTw0AKQU7BQYFAJbwF5huaEXp5mRFfan6cNBK
      FcZHDDU053HJ60MUcqpWOtuQLwYrxzwn5GsB2zc5QTAtysrT3TKPbv74DGqNNKIEM6EH3nWLSsdcyTv2/yowVDf+Bh4k
      DdZ5cHNbp70QJcZSkeWg5nLSlmVVK3/k72PyACTg7fxO61Ohhh67RklqShJoz5HYHPaGejOmTZZNc2H0HZPHmYd//jan
      FeaxKKv7OhD41/GltEdU+IjBm1mcGA37ml2bQAbiJ8Bd5GbXNzYU+q6j5ahbTh2/Dnrhx3kHqbOfNksvitJULAYIpEOL
      dQwgOmqgFCpeO72zn5W2We1Y4bniL/45OPoTQlnlqQWc6nwCNyl6oirLe76nkT2S0ddudhGnyuDHClK1Mlr4ccAN2W8z
      WDGHk3Zh/EXJ6Bi036DuKdWWymFaodxLE2/yJ9A5X3+P2fcl26+iQob24pLvUOW1ZV8PMgBnsRUMH8RIVXMZHgvtN0Lq
      oAe6E5jVFDsSA/6piPQnUCK9SAAnRpi5h0LkeGdLODfhTvXRkMlv9QY5IyfHf4DYojP5R/cXEJ7YFNKsc/BUekr5lu+l
      +o+qJQl6Ki1ERaFsMOHCeWDg9qxnUhDgmd3CK05zx58TyP9tvBNJHZisfBbwwRYpsuWq9upvYJ5ca/XH7e6mDp67J0Kw
      07PFHAdc6jYMF8Cl/98P3uTB47afxpLF8e28jTseOmk1b43VCiifvTtdNlPIOAWyX8rSax6sEgUBaOM/MTCKyakgmxMJ
      83GjtfE+sCsgawCN5lCkNJvZ3/rjTTN8urvqx+JlVhnx/f1wtzzSM1UWq/5kqjCc5azs1Rens7AO8MzDw+hfJ4xze6yB
      TSsaJy3+Re3WSR5GlnBYMDkWiJO1H4hjFKXCTL6y7GzSPe66X/XrmgUJtzygUetT5AF00JgE35knrMJsb+Isj+otR0Aw
      PpCF7d9Srd5etqakBjcOiebrWrGuhP0ifRurMptU9G/JplhxfBhd9deMQAEubMXq4LOZCX30RLlnEdB7nC5SV5+VCtTH
      V74EwskLpu8XuX0ktfT10wFFLmNXsMGadvOqg7EwrZkuoTshyJuKOCioq9kZg4LD2Uria3rofFNZUb9FZnwAkY0OFgCA
      HEw/RaT6comaHPxixpv71xw9K6d2GizEI184BRY/fYC4syZKbLapsJjzCDo0J25XPqOzejGRzGpSCaQBEuz5Qrz2H18t
      JWhxXnRIiSgEZot6hKa0Opd41by7OrapkPGUxcQWhCRgee60RSTiN23EBeJaHFcj1aQclFdOXmL8DmRddciyIVILZgwf
      Mij1caqCWeu479JTgyk1aer33vMHPxEAwCIrvL8ck/p/JCGnYcK5jDamrqxOxJfbgYl569akb1P5w9fO/eMiZJ6FRC12
      AuABEoa5Fxte078ebyWnDXBuWAYZ/Hg88SeunZ5gJfS+1bPcSa5HXXC1kfTe8NuERnmFdzp7V9Rw7/AjBpgjI8cYr3P/
      9/rSGDOQGzFrYNKfZmOCj+iTzBll/Fd3h2zNRqbJYGcqgs2ZbKmVcV4qO9FiVl9JIJ6yX2F/zcSmOxTJJYEaGcYiKAIO
      VFHToyBWyCs1QUVDKglDp50+rgTXI2BV6cpCFIpqOyH5bVI8wg6Ci4ULEw94xlHmQ87kq5txT+X/MHXpiNuyGO1xWp/j
      IPldEQlFw9M/rhCuKqYzfUpCbrhScm+4DQAxMFvQcmUl+q4c26P8xkLP+CTxjJpvhibl0q18P8w6RbmEgJhTrWjMJOXl
      RiUoBn8Iww==
    `),
  },
  {
    client: "gnutls-cli --alpn http/1.1",
    name: "gnutls.example",
    alpn: ["http/1.1"],
    versions: [0x0304, 0x0303, 0x0302, 0x0301],
    bytes: Uint8Array.fromBase64(`
      FgMBAZYBAAGSAwMdcjBsSXzqh2dJhGBGgOqfUiPAyuo0MxaMFCKJ0K38kyCMZnrKqcLSekESbAVCyUnJFn1s2la+Ld9H
      LkWOKWKkngA6EwITAxMBEwTALMypwK3ACsArwKzACcAwzKjAFMAvwBMAncCdADUAnMCcAC8An8yqwJ8AOQCewJ4AMwEA
      AQ8ABQAFAQAAAAAACgAWABQAFwAYABkAHQAeAQABAQECAQMBBAALAAIBAAANACIAIAQBCAkIBAQDCAcFAQgKCAUFAwgI
      BgEICwgGBgMCAQIDABAACwAJCGh0dHAvMS4xABYAAAAXAAAAIwAAADMAawBpABcAQQTWCDpvY0TOz0N/8PbP1rG+mDzM
      /uuWKmWIe3z7B1jJZM2GJSHhahxAJ0/lvmEpDOk7y1N2gpiIAtaKBgVtNOdRAB0AIIZizYGNOdWPIkKfUBrLzy3K1zp+
      v9zGjxij6pOfflJoACsACQgDBAMDAwIDAf8BAAEAAAAAEwARAAAOZ251dGxzLmV4YW1wbGUALQADAgEAABwAAkAB
    `),
  },
  {
    client: "curl",
    name: "curl.example",
    alpn: ["h2", "http/1.1"],
    versions: [0x0304, 0x0303, 0x0302, 0x0301],
    bytes: Uint8Array.fromBase64(`
      FgMBAgABAAH8AwN5Vlis6qovKitcptE0bXrz2woUtZh2o9wVeyaf3gH3xCBEMpVrI4hkKrMRN2F5KI6GesZmd5dicA3T
      vqDwnh2b0gA+EwITAxMBwCzAMACfzKnMqMyqwCvALwCewCTAKABrwCPAJwBnwArAFAA5wAnAEwAzAJ0AnAA9ADwANQAv
      AP8BAAF1AAAAEQAPAAAMY3VybC5leGFtcGxlAAsABAMAAQIACgAWABQAHQAXAB4AGQAYAQABAQECAQMBBAAQAA4ADAJo
      MghodHRwLzEuMQAWAAAAFwAAADEAAAANACoAKAQDBQMGAwgHCAgICQgKCAsIBAgFCAYEAQUBBgEDAwMBAwIEAgUCBgIA
      KwAJCAMEAwMDAgMBAC0AAgEBADMAJgAkAB0AIJEmmhhKPiV3UT9YR/W5c3X/V3A5kLe8CVfFpS/2/rlZABUAsQAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
    `),
  },
];
