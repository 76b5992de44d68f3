import { z } from 'zod';
import type { Command, CommandCall, CommandResult, CommandWorld } from './command.ts';
import { type Connection, interrupted } from './connection.ts';
import { withConsent } from './consent.ts';
import { CommandFailure } from './failure.ts';
import { nameOf, personModel } from './person.ts';

/** RFC 8628 §3.2; empty when the person is already signed in. */
const deviceCode = z.object({
  user_code: z.string().optional(),
  verification_uri: z.string().optional(),
  verification_uri_complete: z.string().optional(),
  expires_in: z.number().optional(),
});

/** For a login without a browser: a code, or the address of the login page. */
const openedLogin = deviceCode.extend({ login_address: z.string().optional() });

/** The provider's own address, and how long it is valid in seconds. */
const loginElsewhere = z.object({ address: z.string(), expires_in: z.number() });

/** `login`: in the browser, or with `--device` on another device. Ctrl+C cancels the login that this started. */
export const login: Command = async (call) => {
  const { options, world, connect } = call;
  checkOptions(call);
  const connection = await connect({ start: options['no-start'] !== true });
  const present = await withConsent(world, connection, () => readPerson(connection));
  if (present) return signedIn(present, 'Already signed in as');
  const cancel = () => connection.tell({ method: 'POST', path: '/pkce/clear' });
  try {
    await (options.device === true ? onDevice : options.address === true ? elsewhere : inBrowser)(call, connection);
  } catch (error) {
    if (!world.interrupted.aborted) throw error;
    await cancel();
    throw interrupted();
  }
  const person = await readPerson(connection);
  if (person) return signedIn(person, 'Signed in as');
  throw new CommandFailure('authorization_cleared', 'Somebody signed out at the same moment. Sign in again.');
};

/** `logout`: signs out the active person. Loopgate later revokes what it cannot revoke now. */
export const logout: Command = async ({ world, connect }) => {
  const connection = await connect();
  const { iterable } = await withConsent(world, connection, () =>
    connection.json({ method: 'POST', path: '/os/sign_out' }, stillSignedIn),
  );
  const others = iterable.map(({ id, name, email }) => ({ user_id: id, name, email }));
  const left = others.length === 0 ? '' : ` Still signed in: ${others.map(nameOf).join(', ')}.`;
  return { text: `Signed out.${left}`, json: { signed_out: true, still_signed_in: others } };
};

const stillSignedIn = z.object({ iterable: z.array(z.looseObject({ id: z.string() }).and(personModel)) });

async function inBrowser({ world }: CommandCall, connection: Connection): Promise<void> {
  world.tell('Opening your browser…');
  const { login_address: address, ...code } = await connection.json(
    { method: 'POST', path: '/device/login' },
    openedLogin,
  );
  if (code.user_code !== undefined) {
    world.tell('No browser could be opened.');
    return await finishOnDevice(world, connection, code);
  }
  world.tell(
    ...(address === undefined ? ['Finish the sign-in in your browser. Ctrl+C cancels it.'] : toOpen(world, address)),
  );
  await finishWithCode(connection);
}

async function finishWithCode(connection: Connection): Promise<void> {
  await connection.text({ method: 'POST', path: '/pkce/code' });
  // The session then belongs to Loopgate itself, so the command ignores this answer.
  await connection.text({ method: 'POST', path: '/pkce/token' });
}

/** Shows the address only to a person at a terminal, never to a file behind standard error. */
function toOpen({ isTerminal }: CommandWorld, address: string): string[] {
  const failed = 'No browser could be opened.';
  return isTerminal
    ? [
        `${failed} Open this address in a browser of this machine:`,
        '',
        `  ${address}`,
        '',
        'Ctrl+C cancels the sign-in.',
      ]
    : [`${failed} Run "loopgate login" in a terminal: it shows the address to open. Ctrl+C cancels the sign-in.`];
}

/**
 * R16: anyone with the provider's address can sign the person in as somebody else, so no file may keep it.
 * @throws CommandFailure `wrong_use`
 */
function checkOptions({ options, world }: CommandCall): void {
  if (options.address !== true) return;
  if (options.device === true) throw new CommandFailure('wrong_use', 'Use --device or --address, not both.');
  if (world.isTerminal) return;
  throw new CommandFailure(
    'wrong_use',
    '"login --address" shows its address on a terminal only: anyone who reads it can sign in in your place. Run it in a terminal, without redirecting what it prints.',
  );
}

async function elsewhere({ world }: CommandCall, connection: Connection): Promise<void> {
  const { address, expires_in } = await connection.json({ method: 'POST', path: '/login-elsewhere' }, loginElsewhere);
  const minutes = Math.max(1, Math.round(expires_in / 60));
  world.tell(
    `Open this address of the identity provider in your browser within ${minutes} min:`,
    '',
    `  ${address}`,
    '',
  );
  world.tell(
    'Keep it to yourself: anyone who reads it can sign in there in your place, and you would be signed in as them.',
  );
  world.tell(
    `Then the browser goes to ${connection.endpoint.address}, which must lead to this machine. Ctrl+C cancels it.`,
  );
  await finishWithCode(connection);
}

async function onDevice({ world }: CommandCall, connection: Connection): Promise<void> {
  const code = await connection.json({ method: 'POST', path: '/device/code' }, deviceCode);
  await finishOnDevice(world, connection, code);
}

async function finishOnDevice(
  world: CommandWorld,
  connection: Connection,
  code: z.output<typeof deviceCode>,
): Promise<void> {
  if (code.user_code !== undefined) {
    world.tell(`Open this address on any device, such as your phone:`, '', `  ${code.verification_uri}`, '');
    world.tell(`and enter this code there:`, '', `  ${code.user_code}`, '');
    if (code.verification_uri_complete !== undefined)
      world.tell(`Or open this one, which holds the code:`, '', `  ${code.verification_uri_complete}`, '');
  }
  const deadline = Date.now() + (code.expires_in ?? 0) * 1000;
  for (;;) {
    try {
      return void (await connection.text({ method: 'POST', path: '/device/wait' }));
    } catch (error) {
      const isStillGood = error instanceof CommandFailure && error.code === 'authorization_timeout';
      if (!isStillGood || Date.now() >= deadline) throw error;
    }
  }
}

async function readPerson(connection: Connection): Promise<z.output<typeof personModel> | undefined> {
  try {
    return await connection.json({ method: 'GET', path: '/userinfo' }, personModel);
  } catch (error) {
    if (error instanceof CommandFailure && error.code === 'not_signed_in') return undefined;
    throw error;
  }
}

function signedIn(person: z.output<typeof personModel>, happened: string): CommandResult {
  const { user_id, name, email } = person;
  return { text: `${happened} ${nameOf(person)}.`, json: { signed_in: true, user: { user_id, name, email } } };
}
