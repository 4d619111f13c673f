/**
 * The fields that occur all over a configuration: addresses, durations, names.
 *
 * @module
 */
import type { z } from "zod";
import { parseAddress } from "./address.ts";
import type { Address } from "./config.ts";
import { DURATION_TEXT, MAX_DURATION, parseDuration } from "./duration.ts";
import { type Field, leaf, type Shape, text } from "./fields.ts";
import { parseHostName, parseIpLiteral } from "./host_name.ts";
import { parseNetwork } from "./network.ts";
import type { Parsed } from "./parsed.ts";

/** The host that `:port` means for a listener. */
export const ANY_HOST = "::";

/** The host that `:port` means for everything else. */
export const LOCAL_HOST = "127.0.0.1";

/** The most connections per second that a limit can be set to. */
export const MAX_PER_SECOND = 1_000_000;

const DNS_PORT = 53;

/** An IP address in brackets, or what may be a name or an address; nothing at all; and the port. */
const ADDRESS = String.raw`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]*):[1-9][0-9]{0,4}$`;

/** What an editor knows of a duration. */
const DURATION: Shape = {
  title: "duration",
  type: ["number", "string"],
  exclusiveMinimum: 0,
  maximum: MAX_DURATION / 1000,
  pattern: DURATION_TEXT.source,
  patternErrorMessage: `expected seconds such as 10, or a text such as "500ms", "10s" or "5m"`,
  examples: [10, "500ms", "5m"],
};

/**
 * `host:port`.
 *
 * @param anyHost The host that `:port` means.
 * @param example One that is accepted.
 * @returns The schema.
 *
 * @internal
 */
export function address(anyHost: string, example: string): Field<Address> {
  const read = (found: string): Parsed<Address> => parseAddress(found, anyHost, example);
  return text(`host:port, such as "${example}"`, read, {
    title: "host:port",
    pattern: ADDRESS,
    patternErrorMessage: `expected host:port, such as "${example}"`,
    examples: [example],
  });
}

/**
 * A duration with a default.
 *
 * @param seconds The default.
 * @param options With `zero`, 0 is accepted.
 * @returns The schema, of milliseconds.
 *
 * @internal
 */
export function duration(
  seconds: number,
  options?: { readonly zero: boolean },
): z.ZodPrefault<Field<number>> {
  const { exclusiveMinimum, ...others } = DURATION;
  const shape = options?.zero ? { minimum: exclusiveMinimum, ...others } : DURATION;
  return leaf<number>((found) => parseDuration(found, options), shape).prefault(seconds);
}

/**
 * A duration without a default.
 *
 * @returns The schema, of milliseconds.
 *
 * @internal
 */
export function ownDuration(): Field<number> {
  return leaf<number>((found) => parseDuration(found), DURATION);
}

/**
 * Connections per second, whole or not.
 *
 * @param options With `zero`, 0 is accepted.
 * @returns The schema.
 *
 * @internal
 */
export function perSecond({ zero }: { readonly zero: boolean }): Field<number> {
  const accepts = `a number of connections per second, ${
    zero ? "from 0" : "more than 0 and"
  } up to ${MAX_PER_SECOND}`;
  return leaf<number>(
    (found) =>
      typeof found === "number" && (found > 0 || zero && found === 0) && found <= MAX_PER_SECOND
        ? { value: found }
        : { accepts },
    { type: "number", [zero ? "minimum" : "exclusiveMinimum"]: 0, maximum: MAX_PER_SECOND },
  );
}

/**
 * Reads a host name.
 *
 * @param found The text.
 * @param example One that is accepted.
 * @returns The name in its one spelling. Never throws.
 */
export function readHostName(found: string, example: string): Parsed<string> {
  const value = parseHostName(found);
  return value === undefined ? { accepts: `a host name such as "${example}"` } : { value };
}

/**
 * Reads a network, or the address of one machine.
 *
 * @param found The text.
 * @returns A CIDR. Never throws.
 */
export function readIpOrNetwork(found: string): Parsed<string> {
  const ip = parseIpLiteral(found);
  return ip === undefined ? parseNetwork(found) : { value: `${ip}/${ip.includes(":") ? 128 : 32}` };
}

/**
 * Reads the address of a DNS server.
 *
 * @param found An IP address, with or without a port.
 * @returns Address and port, the port is 53 unless the text has one. Never throws.
 */
export function readDnsServer(found: string): Parsed<Address> {
  const alone = parseIpLiteral(found);
  if (alone !== undefined) return { value: { host: alone, port: DNS_PORT } };
  const parsed = parseAddress(found, LOCAL_HOST);
  if ("value" in parsed && parseIpLiteral(parsed.value.host) !== undefined) return parsed;
  return { accepts: `an IP address such as "10.0.0.53", "10.0.0.53:5353" or "[fd00::53]:53"` };
}
