import { operationOf, readStrictly } from './strictReader.ts';

/**
 * Loaded before every test file: whatever a test asks a Loopgate by fetch, the published clients could have read the answer.
 * Pages for browsers, and what a provider answers, are no client's business.
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
