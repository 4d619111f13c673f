import { assertEquals } from "@std/assert";
import { readWrk } from "../../bench/wrk.ts";

Deno.test("readWrk() reads requests, rate and errors", () => {
  const text = `Running 2s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  7681 requests in 2.00s, 9.77MB read
Requests/sec:   3834.21
Transfer/sec:      4.88MB
`;
  assertEquals(readWrk(text), { requests: 7681, rate: 3834.21, failed: 0 });
  const errors = text.replace(
    "Requests/sec",
    "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\nRequests/sec",
  );
  assertEquals(readWrk(errors).failed, 15);
});
