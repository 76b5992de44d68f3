import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Operation } from '../operation.ts';
import { pageHeaders } from '../pages.ts';
import { docsPath } from '../paths.ts';

/**
 * The page loads and sends nothing outside this server. `connect-src 'none'` keeps the viewer, which is foreign code,
 * from calling the API that hands out tokens. `worker-src 'none'` stops a worker, which would escape that policy.
 * L3b: never framed.
 */
const securityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'none'",
  "worker-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const script = 'text/javascript; charset=utf-8';
const stylesheet = 'text/css; charset=utf-8';

/** The files that the page may load. Each has its own route, so that no request can choose a path. */
const assets = {
  'page.css': stylesheet,
  'page.js': script,
  'swagger-ui.css': stylesheet,
  'swagger-ui-bundle.js': script,
} as const;

/**
 * Serves the API description as a page with Swagger UI. Each file is read once, when it is asked for: with a copy of the
 * viewer for each answer, a few hundred callers who read nothing would take gigabytes.
 * @param folder - where `build/bundle.ts` put the files
 * @param describe - returns the document
 */
export function docsOperations(folder: string, describe: () => object): Operation[] {
  const files = new Map<string, Promise<Buffer>>();
  const read = (name: string) => {
    const file = files.get(name) ?? readFile(join(folder, name));
    files.set(name, file);
    // A later request tries again.
    file.catch(() => files.delete(name));
    return file;
  };
  return [
    {
      method: 'GET',
      path: docsPath,
      needs: 'nothing',
      handle: async () => ({ status: 200, headers: pageHeaders(securityPolicy), body: await read('page.html') }),
    },
    {
      method: 'GET',
      path: `${docsPath}/openapi.js`,
      needs: 'nothing',
      handle: () => ({
        status: 200,
        headers: { 'Content-Type': script },
        body: `globalThis.apiDescription = ${JSON.stringify(describe())};\n`,
      }),
    },
    ...Object.entries(assets).map(
      ([name, type]): Operation => ({
        method: 'GET',
        path: `${docsPath}/${name}`,
        needs: 'nothing',
        handle: async () => ({ status: 200, headers: { 'Content-Type': type }, body: await read(name) }),
      }),
    ),
  ];
}
