import type { Gate } from '../access/gate.ts';
import type { Broker } from '../broker/broker.ts';
import { json, type Operation } from './operation.ts';
import { profileAnswer } from './wire.ts';

/** R15: as long as `/os/sign_in` lets anybody wait. Milliseconds. */
const patience = 110_000;

/**
 * Signing in on another device, for the command line, which shows the code on its own terminal. No part of the API that
 * programs use, so that nothing describes it.
 */
export function deviceOperations(broker: Broker, gate: Gate, now: () => number): Operation[] {
  return [
    {
      method: 'POST',
      path: '/device/code',
      needs: 'sign_in',
      handle: async ({ requester }) => {
        const code = await broker.deviceCode(await gate.ownerOf(requester));
        // Somebody is signed in already: there is nothing to enter.
        if (!code) return json({});
        const { userCode, verificationUri, verificationUriComplete, deadline } = code;
        return json({
          user_code: userCode,
          verification_uri: verificationUri,
          verification_uri_complete: verificationUriComplete,
          expires_in: Math.max(0, Math.round((deadline - now()) / 1000)),
        });
      },
    },
    {
      method: 'POST',
      path: '/device/wait',
      needs: 'sign_in',
      handle: async ({ requester }) =>
        json(profileAnswer(await broker.finishDeviceLogin(await gate.ownerOf(requester), patience))),
    },
  ];
}
