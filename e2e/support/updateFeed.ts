import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A folder of published versions, as electron-builder writes it. The AppImage is a script that notes that it was started: of the
 * real one nothing can be built here, and electron-updater does not look into it.
 */
export async function startUpdateFeed(note: string) {
  const requested: string[] = [];
  /** It is given when it is installed, and ends then. */
  const newer = `#!/bin/sh\necho "$APPIMAGE_EXIT_AFTER_INSTALL" > '${note}'\n`;
  const published = { version: '9.0.0', sha512: hashOf(newer) };
  const server = createServer(({ url = '' }, response) => {
    requested.push(url.split('?')[0] ?? '');
    if (url.startsWith('/latest-linux.yml')) response.end(description(published, newer.length));
    else if (url.startsWith('/Loopgate.AppImage')) response.end(newer);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    newer,
    published,
    requested,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

/** As a feed names a file's content. */
export const hashOf = (content: string) => createHash('sha512').update(content).digest('base64');

function description({ version, sha512 }: { version: string; sha512: string }, size: number): string {
  const file = { url: 'Loopgate.AppImage', sha512, size };
  // JSON is YAML.
  return JSON.stringify({ version, files: [file], path: file.url, sha512, releaseDate: '2026-01-01T00:00:00.000Z' });
}
