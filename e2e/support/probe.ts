/**
 * JavaScript for a process of another user or network: `address target…`, each target `METHOD path`. It prints the status and the
 * body of each request, one JSON line each.
 */
export const probe = `
  const [address, ...targets] = process.argv.slice(1);
  for (const target of targets) {
    const [method, path] = target.split(' ');
    const response = await fetch(address + path, { method });
    console.log(JSON.stringify({ status: response.status, body: await response.text() }));
  }
`;

/** One answer. */
export interface Probed {
  readonly status: number;
  readonly body: string;
}

/** What {@link probe} has printed. */
export function probedLines(printed: string): Probed[] {
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Probed);
}
