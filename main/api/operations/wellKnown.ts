import { z } from 'zod';
import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { healthPath } from '../../protocol/protocol.ts';
import { type Operation, text } from '../operation.ts';

/** This run of Loopgate. Every start has a new `id`. */
export interface Instance {
  /** A UUID. */
  readonly id: string;
  readonly version: string;
  /** Three numbers: the version of Pieces OS that clients see. */
  readonly compatibleVersion: string;
}

/**
 * The version for clients that compare it. All current ones want 12.0.0 ≤ version < 13.0.0, and a pre-release sorts
 * before its version. The `Server` header, `/openapi.json` and `endpoint.json` name Loopgate itself.
 */
export function comparedVersion({ compatibleVersion, version }: Instance): string {
  return `${compatibleVersion}-loopgate.${version}`;
}

/** The `Server` header of every answer. */
export function serverName({ version }: Pick<Instance, 'version'>): string {
  return `Loopgate/${version}`;
}

/** The same as a WebSocket: `stream.ts` answers its handshakes. */
export const healthStreamPath = '/.well-known/stream/health';

/** What clients use to find a server. It waits for nothing, because they give it 100 ms. */
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
      path: healthStreamPath,
      needs: 'nothing',
      description: {
        operationId: 'streamWellKnownHealth',
        tag: 'Service',
        summary: 'A WebSocket: a text frame `ok` at once, and open for as long as Loopgate runs',
        usedBy: 'Python, and the plug-ins for Neovim, Sublime Text and Obsidian',
        answer: { status: 101, description: 'The connection becomes a WebSocket (RFC 6455)' },
        errors: ['rate_limited'],
      },
      handle: () => {
        throw new LoopgateError('invalid_request', {
          happened: verbatim('This address speaks WebSocket.'),
          next: verbatim(`Connect with a WebSocket client, or ask GET ${healthPath}.`),
        });
      },
    },
    {
      method: 'GET',
      path: '/.well-known/version',
      needs: 'nothing',
      description: {
        operationId: 'getWellKnownVersion',
        tag: 'Service',
        summary: 'Which version of Pieces OS may its clients take it for, and which Loopgate is it?',
        usedBy: 'TypeScript, Python, Kotlin',
        answer: {
          status: 200,
          description:
            'The setting `compatibleVersion`, which the clients compare, `-loopgate.` and the version of Loopgate',
          mediaType: 'text/plain',
          schema: z.string().regex(/^\d+\.\d+\.\d+([-.].+)?$/),
        },
        errors: [],
      },
      handle: () => text(comparedVersion(instance)),
    },
  ];
}
