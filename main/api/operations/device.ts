import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import type { DeviceCode } from '../../broker/login/deviceLogin.ts';
import { maxWaitForPerson } from '../../protocol/protocol.ts';
import { json, type Operation } from '../operation.ts';
import { profileAnswer } from '../wire/user.ts';

/**
 * Signing in for the command line, which shows on its own terminal what its person needs: where no browser opened, the address
 * or a code for another device. No part of the API that programs use, so that nothing describes it.
 */
export function deviceOperations(broker: Broker, gate: Gate, now: () => number): Operation[] {
  const codeAnswer = ({ userCode, verificationUri, verificationUriComplete, deadline }: DeviceCode) => ({
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: verificationUriComplete,
    expires_in: Math.max(0, Math.round((deadline - now()) / 1000)),
  });
  return [
    {
      method: 'POST',
      path: '/device/login',
      needs: 'sign_in',
      // Empty when the browser has opened the login, as far as it says. `POST /pkce/code` then joins it.
      handle: async ({ requester, arrivedAt }) => {
        const owner = await gate.ownerOf(requester);
        const { code, address } = await broker.openForCommand(owner, { waited: now() - arrivedAt });
        return json({ ...(code && codeAnswer(code)), login_address: address });
      },
    },
    {
      method: 'POST',
      path: '/device/code',
      needs: 'sign_in',
      handle: async ({ requester }) => {
        const code = await broker.deviceCode(await gate.ownerOf(requester));
        // Somebody is signed in already: there is nothing to enter.
        return json(code ? codeAnswer(code) : {});
      },
    },
    {
      method: 'POST',
      path: '/device/wait',
      needs: 'sign_in',
      handle: async ({ requester }) =>
        json(profileAnswer(await broker.finishDeviceLogin(await gate.ownerOf(requester), maxWaitForPerson))),
    },
  ];
}
