import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Operation } from '../operation.ts';
import { pageHeaders } from '../pages.ts';
import { docsPath } from '../paths.ts';

/**
 * Nothing from elsewhere, and nothing to elsewhere: `connect-src 'none'` keeps the viewer, which is not our code, from
 * calling the API that hands out tokens, and `worker-src 'none'` from doing so in a worker, which has no such policy.
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

/** Every file that is served, and no other: each has a route of its own, so that no path is made from a request. */
const assets = {
  'page.css': stylesheet,
  'page.js': script,
  'swagger-ui.css': stylesheet,
  'swagger-ui-bundle.js': script,
} as const;

/**
 * The API description as a page to read, by Swagger UI. Its files are read when they are asked for, and not kept.
 * @param folder - what `build/bundle.ts` has put there
 * @param describe - gives the document
 */
export function docsOperations(folder: string, describe: () => object): Operation[] {
  const read = (name: string) => readFile(join(folder, name), 'utf8');
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
