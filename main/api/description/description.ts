import examples from '../examples.json' with { type: 'json' };
import { json, type Operation } from '../operation.ts';
import type { Instance } from '../operations/wellKnown.ts';
import { docsOperations } from './docs.ts';
import { openApiDocument } from './openapi.ts';

/**
 * The API describing itself: for programs, and as a page. The document is made when it is first asked for, and is the same
 * for a whole run.
 * @param docsFolder - where the page's files are
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
