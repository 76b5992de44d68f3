import examples from './examples.json' with { type: 'json' };
import { openApiDocument } from './openapi.ts';
import { json, type Operation } from './operation.ts';
import type { Instance } from './wellKnown.ts';

/** The API describing itself. The document is made when it is first asked for, and is the same for a whole run. */
export function descriptionOperations(operations: () => readonly Operation[], instance: Instance): Operation[] {
  let document: object | undefined;
  return [
    {
      method: 'GET',
      path: '/openapi.json',
      handle: () => {
        document ??= openApiDocument(operations(), instance.version, examples);
        return json(document);
      },
    },
  ];
}
