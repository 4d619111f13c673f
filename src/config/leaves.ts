/**
 * The fields that occur all over a configuration: addresses, durations, names.
 *
 * @module
 */
import { z } from "zod";
import { parseAddress } from "./address.ts";
import type { Address } from "./config.ts";
import { parseDuration } from "./duration.ts";
import { type Field, leaf, mapping, shortOrLong, text } from "./fields.ts";
import { parseIpLiteral } from "./host_name.ts";
import { parseNetwork } from "./network.ts";
import type { Parsed } from "./parsed.ts";

/** The host that `:port` means for a listener. */
export const ANY_HOST = "::";

/** The host that `:port` means for everything else. */
export const LOCAL_HOST = "127.0.0.1";

const DNS_PORT = 53;

/**
 * `host:port`.
 *
 * @param anyHost The host that `:port` means.
 * @param example One that is accepted.
 * @returns The schema.
 */
export function address(anyHost: string, example: string): Field<Address> {
  return text(`host:port, such as "${example}"`, (found) => parseAddress(found, anyHost, example));
}

/**
 * `host:port`, or a mapping with that and more.
 *
 * @param short The schema of the address.
 * @param more The schemas of the other keys.
 * @param toShort What an address alone stands for.
 * @param toLong What the mapping stands for.
 * @returns The schema.
 *
 * @internal
 */
export function addressOrMapping<T, S extends z.core.$ZodLooseShape>(
  short: Field<Address>,
  more: S,
  toShort: (address: Address) => T,
  toLong: (long: z.output<z.ZodObject<S & { address: Field<Address> }, z.core.$strict>>) => T,
): Field<T> {
  return shortOrLong<T>(
    short.transform(toShort),
    mapping({ address: short, ...more }).transform((long) => toLong(long as never)),
  );
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
): z.ZodDefault<Field<number>> {
  return leaf<number>((found) => parseDuration(found, options)).default(seconds * 1000);
}

/**
 * A number, whole or not.
 *
 * @param accepts What is accepted.
 * @param test Whether a number is.
 * @returns The schema.
 */
export function number(accepts: string, test: (value: number) => boolean): Field<number> {
  return leaf<number>((found) =>
    typeof found === "number" && test(found) ? { value: found } : { accepts }
  );
}

/**
 * Reads the address of one machine, or a network.
 *
 * @param found The text.
 * @returns A CIDR.
 */
export function readIpOrNetwork(found: string): Parsed<string> {
  const ip = parseIpLiteral(found);
  return ip === undefined ? parseNetwork(found) : { value: `${ip}/${ip.includes(":") ? 128 : 32}` };
}

/**
 * Reads the address of a DNS server.
 *
 * @param found An IP address, with or without a port.
 * @returns Address and port, which is 53 unless it is said.
 */
export function readDnsServer(found: string): Parsed<Address> {
  const alone = parseIpLiteral(found);
  if (alone !== undefined) return { value: { host: alone, port: DNS_PORT } };
  const example = "10.0.0.53:53";
  const parsed = parseAddress(found, LOCAL_HOST, example);
  if ("value" in parsed && parseIpLiteral(parsed.value.host) !== undefined) return parsed;
  return { accepts: `the IP address of a DNS server, such as "10.0.0.53" or "${example}"` };
}
