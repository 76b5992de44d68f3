import { expect, test } from '@playwright/test';
import { inTime } from '../../build/inTime.ts';
import { joinBus, numberValue, padded, textValue } from '../../testing/privateBus.ts';
import { heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { onStage } from '../support/stage.ts';

// `tray.click` is a call of `com.canonical.dbusmenu.Event` by a process that has nothing to do with the panel or the person.

test('whoever on the session bus clicks the tray’s menu: who was signed in, switched to and signed out is said by name', () =>
  onStage(async ({ session, browser, environment, signInAs, trayLabels }) => {
    const app = await startDesktopApp({ environment });
    const { tray, notifications } = session;
    await tray.waitForItem();
    // Whatever the person looks at: nobody has shown them the menu.
    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getFocusedWindow = () => BrowserWindow.getAllWindows()[0] ?? null;
    });
    const said: string[] = [];
    const says = async (text: string) => {
      said.push(text);
      await expect.poll(() => notifications.texts()).toEqual(said);
    };

    await signInAs('Grace Hopper', () => tray.click('Sign in'));
    await says('Grace Hopper was signed in from the tray. Not you?');
    await signInAs('Ada Lovelace', () => tray.click('Add another account…'));
    await says('Ada Lovelace was signed in from the tray. Not you?');
    await tray.click('Use Grace Hopper');
    await says('Switched to Grace Hopper from the tray. Not you?');

    // The way back is the person's own, which nobody has to be told.
    await notifications.choose('Undo');
    await expect.poll(trayLabels).toContain('Signed in as Ada Lovelace');
    await tray.click('Sign out Grace Hopper');
    await says('Grace Hopper was signed out from the tray.');
    // The provider's own logout is opened, too.
    await Promise.all([browser.nextTab(), tray.click('Sign out')]);
    await says('Ada Lovelace was signed out from the tray.');

    // What is done in the window is not said again.
    await signInAs('Katherine Johnson', () => press(app, 'Sign in'));
    await signInAs('Ada Lovelace', () => press(app, 'Add another account'));
    await expect(heading(app, 'Ada Lovelace')).toBeVisible();
    // One that was added takes the way back with it.
    await signInAs('Mallory', () => tray.click('Add another account…'));
    await says('Mallory was signed in from the tray. Not you?');
    await notifications.choose('Undo');
    await expect
      .poll(trayLabels)
      .toEqual(expect.arrayContaining(['Signed in as Ada Lovelace', 'Use Katherine Johnson']));
    await expect.poll(trayLabels).not.toContain('Use Mallory');

    await Promise.all([app.electron.waitForEvent('close'), tray.click('Quit')]);
    await says('Loopgate has quit. Programs get nothing from it until it is started again.');
    // It stays when the app is gone.
    expect(await notifications.count()).toBe(1);
  }));

test('the end by the tray’s menu does not wait for a notification service that hangs', () =>
  onStage(
    async ({ session, environment }) => {
      const address = session.environment.DBUS_SESSION_BUS_ADDRESS ?? '';
      // A double: a real service does not hang when it is asked to.
      const service = await joinBus({ address }, () => 'silence');
      await service.own('org.freedesktop.Notifications');
      const app = await startDesktopApp({ environment });
      await session.tray.waitForItem();
      const start = performance.now();
      await inTime('quitting', 10_000, Promise.all([app.electron.waitForEvent('close'), session.tray.click('Quit')]));
      expect(performance.now() - start).toBeLessThan(5_000);
      // It was told, and the bus hands that on.
      await expect.poll(() => service.asked.map((call) => call.split(' ').at(-1))).toContain('Notify');
      service.leave();
    },
    { notifications: false },
  ));

test('without a notification service the window opens instead, and shows who is signed in', () =>
  onStage(
    async ({ session, environment, signInAs }) => {
      const app = await startDesktopApp({ environment });
      await session.tray.waitForItem();
      await Promise.all([
        app.window.waitForEvent('close'),
        app.electron.evaluate(({ BrowserWindow }) => {
          for (const window of BrowserWindow.getAllWindows()) window.close();
        }),
      ]);
      const opened = app.electron.waitForEvent('window');
      await signInAs('Mallory', () => session.tray.click('Sign in'));
      await expect((await opened).getByRole('heading', { name: 'Mallory', exact: true })).toBeVisible();
      await app.quit();
    },
    { notifications: false },
  ));

test('nobody but the notification service can press a button of a notification', () =>
  onStage(async ({ session, environment, signInAs, trayLabels }) => {
    const app = await startDesktopApp({ environment });
    const { tray, notifications } = session;
    await tray.waitForItem();
    await signInAs('Grace Hopper', () => tray.click('Sign in'));
    await expect.poll(() => notifications.count()).toBe(1);
    const stranger = await joinBus({ address: session.environment.DBUS_SESSION_BUS_ADDRESS ?? '' }, () => 'silence');
    for (let id = 1; id <= 64; id += 1) {
      const body = Buffer.concat([numberValue(id), textValue('undo')]);
      stranger.signal('/org/freedesktop/Notifications', 'org.freedesktop.Notifications', 'ActionInvoked', undefined, [
        'us',
        body,
      ]);
    }
    // Nor can it pass for the service by saying that the name has changed hands.
    const name = padded(textValue('org.freedesktop.Notifications'), 4);
    const change = Buffer.concat([name, padded(textValue(''), 4), textValue(':1.1')]);
    stranger.signal('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'NameOwnerChanged', undefined, ['sss', change]);
    await stranger.own('org.example.Stranger');
    // The real one is still heard, so what came before it was heard too.
    await tray.click('Sign out');
    await expect.poll(() => notifications.texts()).toHaveLength(2);
    expect((await notifications.texts()).at(-1)).toBe('Grace Hopper was signed out from the tray.');
    expect(await trayLabels()).toContain('Sign in');
    stranger.leave();
    await app.quit();
  }));
