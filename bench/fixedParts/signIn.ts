import * as client from 'openid-client';
import { z } from 'zod';
import { KeptFile } from './keptFile.ts';
import { FixedLogin } from './login.ts';

// A sign-in by openid-client alone, and two writes by electron-store. Each message is one step, and is answered with the
// milliseconds that it took here.

async function tokens(login: FixedLogin, kept: KeptFile, fields: Readonly<Record<string, string>>): Promise<void> {
  const granted = await login.tokens(fields);
  kept.write();
  await client.fetchUserInfo(login.configuration, granted.access_token, granted.claims()?.sub ?? '');
  kept.write();
}

const step = z.object({ fields: z.record(z.string(), z.string()).optional() });

void FixedLogin.atProvider().then((login) => {
  const kept = new KeptFile();
  process.on('message', async (message) => {
    const { fields } = step.parse(message);
    const began = performance.now();
    const address = fields ? await tokens(login, kept, fields) : await login.address();
    process.send?.({ took: performance.now() - began, login: address ?? '' });
  });
  process.send?.({ ready: true });
});
