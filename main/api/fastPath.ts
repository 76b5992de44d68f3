import type { IncomingMessage } from 'node:http';
import type { Operation } from './operation.ts';
import { hasBody, pathOf } from './request.ts';

/**
 * Finds an operation without express, for GET and HEAD requests without a body and without path parameters. Programs
 * send these all the time, most runs see no others, and loading express would slow them down.
 * @returns undefined for every other request
 */
export function fastPath(operations: readonly Operation[]): (request: IncomingMessage) => Operation | undefined {
  const fixed = operations.filter(({ method, path }) => (method === 'GET' || method === 'HEAD') && !path.includes(':'));
  const byPath = new Map(fixed.map(({ path }) => [path, fixed.filter((one) => one.path === path)]));
  return (request) =>
    hasBody(request) ? undefined : byPath.get(pathOf(request))?.find(({ method }) => method === request.method);
}
