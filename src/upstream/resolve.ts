/**
 * Name -> addresses: `dns.hosts` first, then the system (its hosts file and its resolver).
 *
 * @module
 */
import { lookup } from "node:dns";
import { isIP } from "node:net";

/** Looks a name up; empty if there is no such name or nobody answers. An IP literal is its own address. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/**
 * Makes a resolver.
 *
 * @param hosts Names that are known beforehand, lower-case, with their addresses.
 * @returns The resolver. The system is asked in a thread of its own; addresses are in the order it prefers.
 *
 * @example
 * ```ts
 * import { createResolver } from "./resolve.ts";
 *
 * const resolve = createResolver(new Map([["internal.example", ["127.0.0.1"]]]));
 * await resolve("internal.example"); // ["127.0.0.1"]
 * ```
 */
export function createResolver(hosts: ReadonlyMap<string, readonly string[]>): Resolve {
  return (name) => {
    const known = hosts.get(name);
    if (known !== undefined) return Promise.resolve(known);
    if (isIP(name) !== 0) return Promise.resolve([name]);
    return new Promise((resolve) => {
      lookup(name, { all: true, verbatim: true }, (error, addresses) => {
        resolve(error === null ? addresses.map((each) => each.address) : []);
      });
    });
  };
}
