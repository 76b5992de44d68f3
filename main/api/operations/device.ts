import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import type { DeviceCode } from '../../broker/login/deviceLogin.ts';
import { maxWaitForPerson } from '../../protocol/protocol.ts';
import { json, type Operation } from '../operation.ts';
import { profileAnswer } from '../wire/user.ts';

/**
 * Sign-in for the command line. When no browser opens, its terminal shows the address, or a code for another device.
 * Programs do not use this, so the API description leaves it out.
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
      // Empty when the browser reports that it opened the login. `POST /pkce/code` then joins that login.
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
        // The person is already signed in and enters no code.
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
