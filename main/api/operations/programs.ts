import { verbatim } from '../../../preload/texts/messages.ts';
import type { Gate } from '../../access/gate.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { type ApiRequest, json, noContent, type Operation } from '../operation.ts';
import { requireCommandKey } from './commandKey.ts';

/**
 * The list of programs, for the command line alone: whoever can read the key that lies in the person's data folder. No part
 * of the API that programs use, so that nothing describes it.
 * @param commandKey - what the command sends as its bearer token
 */
export function programsOperations(gate: Gate, commandKey: string): Operation[] {
  return [
    {
      method: 'GET',
      path: '/programs',
      needs: 'nothing',
      handle: async (request) => {
        checkKey(request);
        const { requester } = request;
        const { name } = await requester.caller.program();
        // As whom the command asks, and whether it may have what is the person's: not the person.
        const caller = { name, allowed: await gate.isAllowed(requester) };
        const programs = gate.programs.map(({ program: { id, name, path, kind }, permissions, ...rest }) => ({
          id,
          name,
          path,
          kind,
          ...rest,
          wishes: permissions,
        }));
        return json({ guard: gate.mode, caller, programs });
      },
    },
    {
      method: 'DELETE',
      path: '/programs',
      needs: 'nothing',
      handle: (request) => {
        checkKey(request);
        const id = request.query.get('id') ?? '';
        const listed = gate.programs.find(({ program }) => program.id === id);
        if (!listed) {
          throw new LoopgateError('not_found', {
            happened: verbatim('No listed program has this id.'),
            next: verbatim('GET /programs lists them with their ids.'),
          });
        }
        // Any program of the person's can read the key: it may take away what was allowed, and nothing else.
        if (listed.decision === 'denied') {
          throw new LoopgateError('consent_denied', {
            happened: verbatim('The person has denied this program.'),
            next: verbatim('Open the window of Loopgate to take that back.'),
          });
        }
        gate.withdraw(id);
        return noContent();
      },
    },
  ];

  function checkKey(request: ApiRequest): void {
    requireCommandKey(request, commandKey, {
      happened: verbatim('The list of programs is for the window and the command of Loopgate alone.'),
      next: verbatim('Open the window of Loopgate, or use its command.'),
    });
  }
}
