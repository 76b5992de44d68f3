import { verbatim } from '../../../preload/texts/messages.ts';
import type { Gate } from '../../access/gate.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { type ApiRequest, json, noContent, type Operation } from '../operation.ts';
import { requireCommandKey } from './commandKey.ts';

/**
 * The list of programs, for callers with the key from the person's data folder: the command line. Programs do not use
 * this, so the API description leaves it out.
 * @param commandKey - the bearer token of the command
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
        // The name that the command's requests count for, and whether it is allowed. It contains nothing about the
        // person.
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
        // Any program of the person's can read the key, so the key may withdraw a permission but not a denial.
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
