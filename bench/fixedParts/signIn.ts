import * as client from 'openid-client';
import { z } from 'zod';
import { FixedLogin, KeptFile } from './login.ts';

// A sign-in by openid-client alone, and two writes to the disk. Each message is one step, and is answered with the milliseconds that
// it took here.

const [issuer = '', clientId = '', audience = ''] = process.argv.slice(2);
const login = await FixedLogin.at(issuer, clientId, audience);
const kept = new KeptFile();

async function tokens(fields: Readonly<Record<string, string>>): Promise<void> {
  const granted = await login.tokens(fields);
  kept.write();
  await client.fetchUserInfo(login.configuration, granted.access_token, granted.claims()?.sub ?? '');
  kept.write();
}

const step = z.object({ fields: z.record(z.string(), z.string()).optional() });

process.on('message', async (message) => {
  const { fields } = step.parse(message);
  const began = performance.now();
  const address = fields ? await tokens(fields) : await login.address();
  process.send?.({ took: performance.now() - began, login: address ?? '' });
});
process.send?.({ ready: true });
