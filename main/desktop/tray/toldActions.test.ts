import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppView, PersonView } from '../../../preload/views/appView.ts';
import { signedOut } from '../../../testing/appView.ts';
import type { Notice } from './notifications.ts';
import { toldActions } from './toldActions.ts';

const ada = { account: 'a', name: 'Ada Lovelace' };
const grace = { account: 'g', name: 'Grace Hopper' };
const nameless = { account: 'n', name: 'x@example.com' };

const viewOf = (person?: PersonView, ...otherAccounts: PersonView[]): AppView => ({
  ...signedOut,
  ...(person && { status: 'signed_in', person }),
  otherAccounts,
});

/** What is shown, what the broker then makes of it, and what was told. */
function world(before: AppView, after: AppView, { isSignedIn = true, fails = false, isMissing = false } = {}) {
  let view = before;
  const change = async () => {
    view = after;
    if (fails) throw new Error('no');
    return undefined;
  };
  const signIn = async () => {
    view = after;
    return isSignedIn;
  };
  const broker = {
    signIn,
    addAccount: signIn,
    signOutAtProvider: change,
    signOutAccount: change,
    switchAccount: change,
  };
  const notices: Notice[] = [];
  const untold = { switchAccount: vi.fn(), signOutAccount: vi.fn(), open: vi.fn(), quit: vi.fn() };
  const running = { isReplacing: false, host: { broker } };
  const actions = toldActions({
    running,
    current: { view: () => view },
    notifications: { say: (notice) => void notices.push(notice) },
    system: { isMissing, showLast },
    untold,
  });
  return { actions, notices, untold, running, texts: () => notices.map(({ text }) => text) };
}

const last: string[] = [];
const showLast = async (text: string) => void last.push(text);
beforeEach(() => void last.splice(0));
/** All that is under way is done. */
const done = () => new Promise((resolve) => setImmediate(resolve));

describe('by the tray', () => {
  test('a sign-in is told with the name, whatever is in front, and takes the way back', async () => {
    const { actions, notices, untold } = world(viewOf(grace), viewOf(ada, grace));
    actions.addAccount();
    await done();
    expect(notices).toMatchObject([
      { text: 'Ada Lovelace was signed in from the tray. Not you?', isAlwaysShown: true, leadsTo: 'window' },
    ]);
    notices[0]?.actions?.[0]?.run();
    expect(untold.switchAccount).toHaveBeenCalledExactlyOnceWith('g');
    expect(untold.signOutAccount).toHaveBeenCalledExactlyOnceWith('a');
  });

  test('one that failed, or brought nobody new, is not told', async () => {
    for (const [before, after, isSignedIn] of [
      [signedOut, signedOut, false],
      // The person switched in the window meanwhile.
      [viewOf(ada, grace), viewOf(grace, ada), false],
      [viewOf(ada), viewOf(ada), true],
    ] as const) {
      const { actions, notices } = world(before, after, { isSignedIn });
      actions.addAccount();
      await done();
      expect(notices).toEqual([]);
    }
  });

  test('a switch is told with the name, and leads back; where nobody was active, there is no way back', async () => {
    const { actions, notices, untold } = world(viewOf(ada, grace), viewOf(grace, ada));
    actions.switchAccount('g');
    await done();
    expect(notices.map(({ text }) => text)).toEqual(['Switched to Grace Hopper from the tray. Not you?']);
    notices[0]?.actions?.[0]?.run();
    expect(untold.switchAccount).toHaveBeenCalledExactlyOnceWith('a');
    const other = world(viewOf(undefined, grace), viewOf(grace));
    other.actions.switchAccount('g');
    await done();
    expect(other.notices[0]?.actions).toBeUndefined();
  });

  test('each sign-out is told with the name, and none hides another', async () => {
    const active = world(viewOf(ada, grace), viewOf(undefined, grace));
    active.actions.signOut();
    const other = world(viewOf(ada, grace), viewOf(ada), { fails: true });
    other.actions.signOutAccount('g');
    await done();
    expect(active.texts()).toEqual(['Ada Lovelace was signed out from the tray.']);
    // What could not be stored is forgotten all the same.
    expect(other.texts()).toEqual(['Grace Hopper was signed out from the tray.']);
    expect(active.notices[0]?.about).not.toBe(other.notices[0]?.about);
  });

  test('what failed is not told', async () => {
    const both = viewOf(ada, grace);
    const { actions, notices } = world(both, both, { fails: true });
    actions.signOut();
    actions.signOutAccount('g');
    actions.switchAccount('g');
    await done();
    expect(notices).toEqual([]);
  });

  test('no e-mail address is told [T9]', async () => {
    const { actions, texts } = world(signedOut, viewOf(nameless));
    actions.signIn();
    await done();
    const gone = world(viewOf(nameless), signedOut);
    gone.actions.signOut();
    await done();
    expect([...texts(), ...gone.texts()]).toEqual([
      'An account was signed in from the tray. Not you?',
      'An account was signed out from the tray.',
    ]);
  });

  test('where the system shows nothing, the window opens', async () => {
    const { actions, notices, untold } = world(viewOf(ada), signedOut, { isMissing: true });
    actions.signOut();
    await done();
    expect(notices).toEqual([]);
    expect(untold.open).toHaveBeenCalledOnce();
  });

  test('the end is told first, and once', async () => {
    const { actions, untold } = world(signedOut, signedOut);
    actions.quit();
    expect(untold.quit).not.toHaveBeenCalled();
    actions.quit();
    await done();
    expect(untold.quit).toHaveBeenCalledOnce();
    expect(last).toEqual(['Loopgate has quit. Programs get nothing from it until it is started again.']);
  });

  test('nothing is done while the host is replaced', async () => {
    const { actions, notices, running } = world(viewOf(ada), signedOut);
    running.isReplacing = true;
    actions.signOut();
    await done();
    expect(notices).toEqual([]);
  });
});
