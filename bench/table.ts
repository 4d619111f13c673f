/**
 * Tables for eyes, and for Markdown.
 *
 * @module
 */

/**
 * Sets a table in Markdown with its columns aligned: the first to the left, numbers to the right.
 *
 * @param head The titles of the columns.
 * @param rows As many cells each.
 * @returns Lines, without one at the end.
 *
 * @example
 * ```ts
 * import { table } from "./table.ts";
 *
 * table(["", "requests/s"], [["ours", "9000"], ["nginx", "11000"]]);
 * // |       | requests/s |
 * // | ----- | ---------: |
 * // | ours  |       9000 |
 * // | nginx |      11000 |
 * ```
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, ...[title, ...rows.map((row) => row[i])].map(width))
  );
  const rule = widths.map((size, i) => i === 0 ? "-".repeat(size) : "-".repeat(size - 1) + ":");
  return [head, rule, ...rows].map((cells) => line(cells, widths)).join("\n");
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, i) => {
    const space = " ".repeat(widths[i] - width(cell));
    return i === 0 ? cell + space : space + cell;
  });
  return `| ${padded.join(" | ")} |`;
}

/** Characters, not UTF-16 units. */
function width(text: string): number {
  return [...text].length;
}
