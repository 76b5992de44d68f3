import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { _electron as electron } from 'playwright';
import { testApp } from '../../build/testApp.ts';
import { onStage } from '../support/stage.ts';

test('a start at login: the tray and the API come, no window; a second such start opens none, and one by hand does', () =>
  onStage(async ({ session, environment }) => {
    const { executable, args } = await testApp();
    const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
    const start = async (...further: string[]) => {
      const second = spawn(executable, [...args, ...further], { env, stdio: 'ignore' });
      await once(second, 'close');
    };
    const app = await electron.launch({ executablePath: executable, args: [...args, '--hidden'], env });
    try {
      const countWindows = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
      await session.tray.waitForItem();
      await expect.poll(() => existsSync(join(environment.LOOPGATE_HOME ?? '', 'command.key'))).toBe(true);
      expect(await countWindows()).toBe(0);
      // Both have told the first one, in this order, before they end.
      await start('--hidden');
      expect(await countWindows()).toBe(0);
      await start();
      await expect.poll(countWindows).toBe(1);
      // In development it touches nothing.
      expect(existsSync(join(environment.XDG_CONFIG_HOME ?? '', 'autostart', 'loopgate.desktop'))).toBe(false);
    } finally {
      const closed = app.waitForEvent('close');
      await app.evaluate(({ app: running }) => running.quit()).catch(() => undefined);
      await closed;
    }
  }));
