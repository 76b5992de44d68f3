import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { testApp } from '../../build/testApp.ts';
import { press, startDesktopApp } from '../support/desktopApp.ts';
import { managedMachine, whyNoPolicy } from '../support/managedMachine.ts';
import { onStage } from '../support/stage.ts';

test('policy: what the administrator has decided is shown as managed, and nobody else can change it', () => {
  test.skip(whyNoPolicy !== undefined, whyNoPolicy);
  return onStage(async ({ environment, home, provider }) => {
    const settings = { issuer: provider.issuer, clientId: provider.clientId, guard: 'listed', logLevel: 'debug' };
    const machine = await managedMachine(JSON.stringify(settings));
    await writeFile(join(home, 'settings.json'), JSON.stringify({ guard: 'same-user', theme: 'light' }));
    const { executable, args } = await testApp();
    const command = { executable: await machine.commandFor(executable), args };
    try {
      const { LOOPGATE_AUDIENCE: _, ...rest } = environment;
      const app = await startDesktopApp({
        environment: { ...rest, LOOPGATE_ISSUER: 'https://mine.example/' },
        command,
      });
      await press(app, 'Settings');
      const { window } = app;
      const managed = 'Managed by your administrator; it cannot be changed here.';
      await expect(window.getByLabel('Auth0 domain or issuer', { exact: true })).toHaveValue(provider.issuer);
      await expect(window.getByLabel('Auth0 domain or issuer', { exact: true })).toHaveAttribute('readonly', '');
      for (const field of ['issuer', 'clientId']) await expect(window.locator(`#${field}-said`)).toHaveText(managed);
      await expect(window.locator('#port-said')).toHaveText('Set by LOOPGATE_PORT; it cannot be changed here.');
      const guard = window.getByLabel('Only those I have allowed; ask nothing');
      await expect(guard).toBeChecked();
      await expect(guard).toBeDisabled();
      // Also what has no field of its own.
      const card = window.getByRole('region', { name: 'Managed by your administrator' });
      await expect(card).toContainText('issuer, clientId, guard, logLevel');
      await expect(card).toContainText('/etc/loopgate/policy.json');

      // The main process refuses it too, and what may be changed still can be: the policy holds over that.
      const change = (wish: object) => window.evaluate(`window.loopgate.changeSettings(${JSON.stringify(wish)})`);
      expect(await change({ setting: 'guard', guard: 'same-user' })).toEqual({
        ok: false,
        field: 'guard',
        message: 'Who may ask is managed by your administrator and cannot be changed here.',
      });
      expect(await change({ setting: 'provider', audience: 'https://api.loopgate.test/' })).toEqual({ ok: true });
      await press(app, 'Programs');
      expect(await window.evaluate('window.loopgate.programs()')).toMatchObject({ guard: 'listed' });
      await app.quit();
    } finally {
      await machine.remove();
    }
  });
});
