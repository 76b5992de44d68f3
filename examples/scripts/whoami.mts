/**
 * Who is signed in, by the provider's own word:  npx tsx whoami.mts https://PROVIDER/userinfo
 * Exit codes: 0 done, 1 failed, 3 Loopgate does not run, 4 nobody is signed in, 5 refused.
 * Needs the npm package @pieces.app/pieces-os-client, the published client.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Configuration, FetchError, ResponseError, UserApi } from '@pieces.app/pieces-os-client';

function loopgateAddress(): string {
  const { LOOPGATE_HOME, APPDATA = '', XDG_CONFIG_HOME } = process.env;
  const linux = join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'loopgate');
  const mac = join(homedir(), 'Library', 'Application Support', 'Loopgate');
  const home = process.platform === 'darwin' ? mac : process.platform === 'win32' ? join(APPDATA, 'Loopgate') : linux;
  try {
    return JSON.parse(readFileSync(join(LOOPGATE_HOME || home, 'endpoint.json'), 'utf8')).address;
  } catch {
    return 'http://localhost:1000';
  }
}

function stop(code: number, why: string): never {
  console.error(why);
  process.exit(code);
}

const basePath = loopgateAddress();
// Without a time limit: the person may be answering whether this program may.
const token = await new UserApi(new Configuration({ basePath })).userAccessToken().catch(async (error: unknown) => {
  if (error instanceof FetchError) stop(3, `Loopgate does not run at ${basePath}. Start it, then try again.`);
  if (!(error instanceof ResponseError)) throw error;
  const { error_description: why } = (await error.response.json()) as { error_description: string };
  stop({ 401: 4, 403: 5 }[error.response.status as number] ?? 1, why);
});
const userinfo = process.argv[2] ?? '';
const answer = await fetch(userinfo, { headers: { Authorization: `Bearer ${token}` } }).catch(() => undefined);
if (!answer?.ok) stop(1, 'The provider did not say who this is. Check the address.');
console.log(`Signed in as ${((await answer.json()) as { name: string }).name}.`);
