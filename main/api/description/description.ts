import examples from '../examples.json' with { type: 'json' };
import { json, type Operation } from '../operation.ts';
import type { Instance } from '../operations/wellKnown.ts';
import { docsOperations } from './docs.ts';
import { openApiDocument } from './openapi.ts';

/**
 * Serves the API description, as a document for programs and as a page. The document is built on the first request and
 * stays the same for the whole run.
 * @param docsFolder - contains the page's files
 */
export function descriptionOperations(
  operations: () => readonly Operation[],
  instance: Instance,
  docsFolder: string,
): Operation[] {
  let document: object | undefined;
  const describe = () => {
    document ??= openApiDocument(operations(), instance.version, examples);
    return document;
  };
  return [
    { method: 'GET', path: '/openapi.json', needs: 'nothing', handle: () => json(describe()) },
    ...docsOperations(docsFolder, describe),
  ];
}
