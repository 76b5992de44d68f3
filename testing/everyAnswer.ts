import { operationOf, readStrictly } from './strictReader.ts';

/**
 * Loaded before every test file: it checks that the published clients could read each response that a test gets from a
 * Loopgate. It skips pages for browsers, and responses of a provider.
 */
const plainFetch = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const response = await plainFetch(input, init);
  const operation = operationOf(new Request(input, init));
  if (operation === undefined || !isLoopgates(response)) return response;
  const body = await response.clone().text();
  readStrictly(operation, { status: response.status, headers: response.headers, body });
  return response;
};

/** The local provider has some of the same paths, but not this header. */
function isLoopgates({ headers }: Response): boolean {
  return headers.get('cross-origin-resource-policy') === 'same-origin';
}
