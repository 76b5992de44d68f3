import { z } from 'zod';
import { type Operation, text } from './operation.ts';

/** This run of Loopgate: `id` is new at every start. */
export interface Instance {
  /** A UUID. */
  readonly id: string;
  readonly version: string;
}

/** What tells clients that Loopgate is there. */
export const healthPath = '/.well-known/health';

/** What clients look a server up by. Waits for nothing: they give it 100 ms. */
export function wellKnownOperations(instance: Instance): Operation[] {
  const health = () => text(`ok:${instance.id}`);
  const description = {
    tag: 'Service',
    usedBy: 'all, to find the server: a HEAD within 100 ms on each port',
    answer: {
      status: 200,
      description: '`ok:` and the id of this run',
      mediaType: 'text/plain',
      schema: z.string().regex(/^ok:/),
    },
    errors: [],
  } as const;
  return [
    {
      method: 'GET',
      path: healthPath,
      needs: 'nothing',
      description: { ...description, operationId: 'getWellKnownHealth', summary: 'Is Loopgate there?' },
      handle: health,
    },
    {
      method: 'HEAD',
      path: healthPath,
      needs: 'nothing',
      description: { ...description, operationId: 'headWellKnownHealth', summary: 'Is Loopgate there? Headers alone' },
      handle: health,
    },
    {
      method: 'GET',
      path: '/.well-known/version',
      needs: 'nothing',
      description: {
        operationId: 'getWellKnownVersion',
        tag: 'Service',
        summary: 'Which version is it?',
        usedBy: 'TypeScript, Python, Kotlin',
        answer: {
          status: 200,
          description: 'The version',
          mediaType: 'text/plain',
          schema: z.string().regex(/^\d+\.\d+\.\d+([-.].+)?$/),
        },
        errors: [],
      },
      handle: () => text(instance.version),
    },
  ];
}
