/** `npm run serve`: the broker and its API without a desktop. `LOOPGATE_DEMO=1` adds the demo provider. */

import { ensureBundle } from './bundle.ts';
import { becomeHeadless, fail, settingsOf, startDemo } from './launch.ts';

async function serve(): Promise<void> {
  const settings = await settingsOf(process.env);
  await ensureBundle({ quiet: true });
  if (!settings.demo) return await becomeHeadless(process.env);
  if (settings.issuer !== undefined) throw new Error('LOOPGATE_DEMO=1 and an issuer are both set: unset one of them.');
  await becomeHeadless({ ...process.env, ...(await startDemo(settings)) });
}

await serve().catch(fail);
