import type { IncomingMessage } from 'node:http';
import type { Operation } from './operation.ts';
import { hasBody, pathOf } from './request.ts';

/**
 * Finds the operation of a request without express: for GET and HEAD without a body, whose path is that of the operation.
 * Programs ask these over and over, most starts see no other request, and loading express would make them slower.
 * @returns undefined for every other request
 */
export function fastPath(operations: readonly Operation[]): (request: IncomingMessage) => Operation | undefined {
  const fixed = operations.filter(({ method, path }) => (method === 'GET' || method === 'HEAD') && !path.includes(':'));
  const byPath = new Map(fixed.map(({ path }) => [path, fixed.filter((one) => one.path === path)]));
  return (request) =>
    hasBody(request) ? undefined : byPath.get(pathOf(request))?.find(({ method }) => method === request.method);
}
