import { assertEquals } from "@std/assert";
import { askedBy, inVain, liveSeries } from "./promql.ts";

const LIVE = liveSeries(`# HELP a_total Things
# TYPE a_total counter
a_total{route="x",status="ok"} 1
a_total{route="y, {z}",status="bad"} 2
b_bucket{le="0.1",route="x"} 0
b_bucket{le="+Inf",route="x"} 1
c 1e-7
`);

Deno.test("askedBy() finds metrics, matchers and labels, and no functions, keywords or variables", () => {
  for (
    const [expression, names, labels] of [
      ["c", ["c"], []],
      ["sum(rate(a_total[5m])) or vector(0)", ["a_total"], []],
      ['sum by (route, le) (rate(b_bucket{route=~"$route"}[$__rate_interval]))', ["b_bucket"], [
        "route",
        "le",
      ]],
      ['a_total{status="b}(d"} / on(route) group_left c > 1e3', ["a_total", "c"], ["route"]],
      ["c offset 5m unless up == 0", ["c", "up"], []],
    ] as const
  ) {
    const asked = askedBy(expression);
    assertEquals(asked.metrics.map(({ name }) => name), [...names], expression);
    assertEquals(asked.labels, [...labels], expression);
  }
});

Deno.test("inVain() says which metric, label or value there is not", () => {
  for (
    const [expression, missing] of [
      ['sum by (route) (a_total{status="ok", job="j"}) / c', []],
      ['a_total{route=~"$route", status!~"b.d"}', []],
      ['up{job="sniproxy"} == 0', []],
      ["a_totl", ["no metric a_totl"]],
      ['c{route="x"}', ["c has no label route", "c has no route x"]],
      ['a_total{status="good"}', ["a_total has no status good"]],
      ['a_total{status=~"k"}', ["a_total has no status k"]],
      ["sum by (rout) (a_total)", ["no label rout"]],
      ["vector(1)", ["no metric at all"]],
    ] as const
  ) assertEquals(inVain(expression, LIVE), [...missing], expression);
  assertEquals(inVain('a_total{status="later"}', LIVE, { status: ["later"] }), []);
});
