/**
 * What another user of the machine can do about a login: reads its address from the process list, opens it in a browser of
 * their own, signs in there as themselves, or denies it. Prints how each went, one JSON string a line.
 * Usage: `node --import tsx addressThief.ts <program that was started with the address>`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';

/** The last argument of the first process whose first ones are these, as anybody may read it. */
async function openedWith(program: string): Promise<string> {
  for (;;) {
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').slice(0, -1);
      const address = argv.at(-1);
      if (address !== undefined && argv.slice(0, -1).join(' ') === program) return address;
    }
    await setImmediate();
  }
}

const [, , program = ''] = process.argv;
const address = await openedWith(program);
console.log(JSON.stringify(address));
for (const deny of [false, true]) {
  const outcome = await new BrowserDouble().signInAs(address, 'Mallory Attacker', { deny }).then(
    (response) => `the callback answered ${response.status}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  console.log(JSON.stringify(outcome));
}
