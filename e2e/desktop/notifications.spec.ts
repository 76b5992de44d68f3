import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@playwright/test';
import { inTime } from '../../build/inTime.ts';
import { type Asked, joinBus, numberValue, type Reply, textValue } from '../../testing/privateBus.ts';
import {
  type DesktopApp,
  heading,
  looksElsewhere,
  press,
  startDesktopApp,
  watchNotifications,
} from '../support/desktopApp.ts';
import { answerQuestion, askingWindow, asks, makeProgram } from '../support/program.ts';
import { onStage, type Stage, type StageOptions } from '../support/stage.ts';

const unavailable = 'Notifications are not available';

test('a notification is seen as it is written, a click opens the window, and what is settled is taken back', () =>
  onStage(async ({ session, environment, signInAs, trayLabels }) => {
    const app = await startDesktopApp({ environment });
    const texts = await watchNotifications(app, session);
    const { notifications } = session;
    await session.tray.waitForItem();
    await signInAs('<b>Tom</b> & _Jerry_', () => press(app, 'Sign in'));
    await expect(heading(app, '<b>Tom</b> & _Jerry_')).toBeVisible();
    await signInAs('Grace Hopper', () => press(app, 'Add another account'));
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    const select = async (name: string) => {
      const headers = { 'Content-Type': 'application/json' };
      const body = JSON.stringify({ user_id: `auth0|${name}` });
      const answer = await fetch(`${app.address}/user/select`, { method: 'POST', headers, body });
      expect(answer.status).toBe(200);
    };

    // Markup in a name is none.
    await select('b-tom-b-jerry');
    const switchedToTom = 'A program switched to <b>Tom</b> & _Jerry_.';
    await expect.poll(texts).toEqual([switchedToTom]);

    // The next one about the same takes its place.
    await press(app, 'Keep');
    await select('grace-hopper');
    const switchedToGrace = 'A program switched to Grace Hopper.';
    await expect.poll(texts).toEqual([switchedToTom, switchedToGrace]);
    await expect.poll(() => notifications.count()).toBe(1);
    expect(await trayLabels()).not.toContain(unavailable);

    // The window is shut, and opened by a click with the mouse.
    await Promise.all([app.window.waitForEvent('close'), app.electron.evaluate(closeWindows)]);
    const [again] = await Promise.all([app.electron.waitForEvent('window'), notifications.click()]);
    await expect.poll(() => notifications.count()).toBe(0);

    // None stays behind that nobody hears any more.
    await again.getByRole('button', { name: 'Keep', exact: true }).click();
    await select('b-tom-b-jerry');
    await expect.poll(() => notifications.count()).toBe(1);
    await app.quit();
    await expect.poll(() => notifications.count()).toBe(0);
    expect(await texts()).toEqual([switchedToTom, switchedToGrace, switchedToTom]);
  }));

const closeWindows = ({ BrowserWindow }: typeof import('electron')) => {
  for (const window of BrowserWindow.getAllWindows()) window.close();
};

test.describe('health is answered, the question comes, and quit works, while the notification service', () => {
  interface Kind {
    readonly desktop?: StageOptions['notifications'];
    /**
     * What the service on the bus does; undefined where there is none.
     * @param isOver - resolves after the question was answered
     */
    readonly answer?: (asked: Asked, isOver: Promise<void>, leave: () => void) => Reply | Promise<Reply>;
    /** All calls that it gets. */
    readonly asked?: readonly string[];
  }
  const list = Buffer.concat([numberValue(9), textValue('body')]);
  const answers = (member: string): Reply =>
    member === 'GetCapabilities' ? ['as', list] : member === 'Notify' ? ['u', numberValue(1)] : ['', Buffer.alloc(0)];
  // Doubles on a real bus: a real service does none of this when it is asked to. A real one is in the test above.
  const kinds: Readonly<Record<string, Kind>> = {
    'is absent': { desktop: false },
    'can be started but never comes': { desktop: { startedBy: '/bin/sleep 1000' } },
    'cannot be started': { desktop: { startedBy: '/bin/false' } },
    hangs: { answer: () => 'silence', asked: ['GetCapabilities'] },
    'hangs as it shows one': {
      answer: ({ member }) => (member === 'Notify' ? 'silence' : answers(member)),
      asked: ['GetCapabilities', 'Notify'],
    },
    'is slow to come to itself': {
      answer: ({ member }, isOver) => isOver.then(() => answers(member)),
      // What was settled meanwhile is not shown any more.
      asked: ['GetCapabilities'],
    },
    'is slow to show one': {
      answer: ({ member }, isOver) => (member === 'Notify' ? isOver.then(() => answers(member)) : answers(member)),
      asked: ['GetCapabilities', 'Notify', 'CloseNotification'],
    },
    'answers garbage': {
      answer: ({ member }) => (member === 'Notify' ? ['s', textValue('x'.repeat(100_000))] : answers(member)),
      asked: ['GetCapabilities', 'Notify'],
    },
    'vanishes in the middle': {
      answer: ({ member }, _isOver, leave) => {
        if (member === 'Notify') leave();
        return member === 'Notify' ? 'silence' : answers(member);
      },
      asked: ['GetCapabilities', 'Notify'],
    },
  };
  for (const [what, { desktop = false, answer, asked = [] }] of Object.entries(kinds)) {
    test(what, () =>
      onStage(
        async (stage) => {
          const { session, environment, trayLabels } = stage;
          const address = session.environment.DBUS_SESSION_BUS_ADDRESS ?? '';
          let end: () => void = () => undefined;
          const isOver = new Promise<void>((resolve) => {
            end = resolve;
          });
          const service = answer && (await joinBus({ address }, (one) => answer(one, isOver, () => service?.leave())));
          await service?.own('org.freedesktop.Notifications');
          const { LOOPGATE_GUARD: _, ...asking } = environment;
          const app = await startDesktopApp({ environment: asking });
          await looksElsewhere(app);
          await signIn(stage, app);
          const health = watchHealth(app.address);
          const answered = asks(makeProgram(stage, 'acme-editor'), app);
          const question = await askingWindow(app);
          await expect.poll(trayLabels).toContain(unavailable);
          await answerQuestion(question, 'Deny');
          expect(await answered).toBe('403 consent_denied');
          end();
          await expect.poll(() => service?.asked.map((call) => call.split(' ').at(-1)) ?? []).toEqual(asked);
          await inTime('quitting', 10_000, app.quit());
          expect(await health.slowest()).toBeLessThan(1_000);
          expect(service?.asked ?? []).toHaveLength(asked.length);
          service?.leave();
        },
        { notifications: desktop },
      ),
    );
  }
});

async function signIn({ signInAs }: Stage, app: DesktopApp): Promise<void> {
  await signInAs('Grace Hopper', () => press(app, 'Sign in'));
  await expect(heading(app, 'Grace Hopper')).toBeVisible();
}

/** Asks for health again and again. */
function watchHealth(address: string): { slowest(): Promise<number> } {
  let slowest = 0;
  let isWatching = true;
  const watching = (async () => {
    while (isWatching) {
      const start = performance.now();
      const answer = await fetch(`${address}/.well-known/health`).catch(() => undefined);
      // The app has ended.
      if (!answer) return;
      await answer.text();
      slowest = Math.max(slowest, performance.now() - start);
      // Others on this machine want to get on, too.
      await delay(20);
    }
  })();
  return {
    /** The longest that an answer took until the app ended, in milliseconds. */
    async slowest() {
      isWatching = false;
      await watching;
      return slowest;
    },
  };
}
