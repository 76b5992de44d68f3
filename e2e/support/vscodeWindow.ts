import { expect } from '@playwright/test';
import { type Browser, chromium, type Locator, type Page } from 'playwright';
import { renewPicture } from './picture.ts';

/** How long VS Code may take to show what was asked for, in milliseconds. Only reached when something is broken. */
const timeout = 30_000;

/** A window of VS Code, in a browser of its own: the person's other browser is for logins. */
export interface VscodeWindow {
  readonly page: Page;
  /** Opens the Accounts menu and gives its entry with that name. */
  account(name: string): Promise<Locator>;
  /** Chooses that entry, or an item of the menu beside it. */
  choose(name: string, item?: string): Promise<void>;
  closeMenu(): Promise<void>;
  /** Runs a command as a person does, by its name. */
  run(command: string): Promise<void>;
  /** Renews a picture in which this must still be seen, in VS Code's light and dark colours. */
  renewPicture(name: string, shown: Locator): Promise<void>;
  close(): Promise<void>;
}

export async function openVscode(address: string): Promise<VscodeWindow> {
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const page = await browser.newPage({ viewport: { width: 900, height: 600 } });
  page.setDefaultTimeout(timeout);
  await page.goto(address);
  const accounts = page.getByRole('button', { name: 'Accounts' });
  await accounts.waitFor();
  const account = async (name: string) => {
    const entry = page.getByRole('menuitem', { name });
    // The menu is made when it is opened, and does not follow what happens while it is open.
    await expect(async () => {
      await page.keyboard.press('Escape');
      await accounts.click();
      await expect(entry).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout });
    return entry;
  };
  // In its first moment a menu of VS Code takes no click.
  const clicked = (entry: Locator) =>
    expect(async () => {
      await entry.click({ timeout: 1_000 });
      await expect(entry).toBeHidden({ timeout: 1_000 });
    }).toPass({ timeout });
  return {
    page,
    account,
    async choose(name, item) {
      const entry = await account(name);
      if (item === undefined) return await clicked(entry);
      await entry.hover();
      await clicked(page.getByRole('menuitem', { name: item }));
    },
    closeMenu: () => page.keyboard.press('Escape'),
    async run(command) {
      await page.keyboard.press('F1');
      await page.locator('.quick-input-box input').fill(`>${command}`);
      await page.getByRole('option', { name: command }).first().click();
    },
    renewPicture: (name, shown) =>
      renewPicture(page, name, async (colorScheme) => {
        const theme = colorScheme === 'light' ? /\bvs\b/ : /\bvs-dark\b/;
        await expect(page.locator('.monaco-workbench')).toHaveClass(theme);
        await expect(shown).toBeVisible();
      }),
    close: () => browser.close(),
  };
}
