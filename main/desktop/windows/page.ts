import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { app, protocol } from 'electron';

/**
 * The addresses of the windows' pages. An `app:` address has its own origin; `file:` has none and could read the whole disk.
 */
export const pageAddresses = {
  main: 'app://loopgate/index.html',
  consent: 'app://loopgate/consent.html',
} as const;
export type PageName = keyof typeof pageAddresses;

const securityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Call it before the app is ready. */
export function declarePageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }]);
}

/** Serves the window's files at `app://loopgate/`, and nothing else. */
export function servePage(): void {
  const folder = join(app.getAppPath(), 'out', 'renderer');
  protocol.handle('app', async (request) => {
    const { host, pathname } = new URL(request.url);
    // At most one folder deep, and no name that could lead out of it.
    const isPlain = /^\/(assets\/)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(pathname);
    const type = types[extname(pathname)];
    if (host !== 'loopgate' || !isPlain || type === undefined) return new Response('Not found', { status: 404 });
    const content = await readFile(join(folder, ...pathname.split('/'))).catch(() => undefined);
    if (!content) return new Response('Not found', { status: 404 });
    return new Response(new Uint8Array(content), {
      headers: { 'Content-Type': type, 'Content-Security-Policy': securityPolicy, 'X-Content-Type-Options': 'nosniff' },
    });
  });
}
