import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Page } from 'playwright';
import type { AppView } from '../../preload/views/appView.ts';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { projectFolder } from '../support/headless.ts';
import { renewPicture } from '../support/picture.ts';
import {
  answerQuestion,
  askingWindow,
  asks,
  closeAskingWindow,
  makeProgram,
  outputOf,
  preflightFrom,
} from '../support/program.ts';
import { onStage } from '../support/stage.ts';

/** The window may be gone before the key is up again. */
const pressEnter = (page: Page) => page.keyboard.press('Enter').catch(() => undefined);

const windowsOf = ({ electron }: DesktopApp) => electron.windows().length;

test('a program is asked about once: Allow, Allow once by keyboard, Deny by Enter, no answer [C10]', () =>
  onStage(async (stage) => {
    const { session, environment, signInAs, trayLabels } = stage;
    const { LOOPGATE_GUARD: _, ...asking } = environment;
    const app = await startDesktopApp({ environment: asking });
    await session.tray.waitForItem();
    await signInAs('Ada Lovelace', () => press(app, 'Sign in'));
    await expect(heading(app, 'Ada Lovelace')).toBeVisible();

    // Shown by name and path; nothing can be allowed in the first second, and Deny has the focus.
    const editor = makeProgram(stage, 'acme-editor');
    const first = asks(editor, app);
    let question = await askingWindow(app);
    await expect(question.getByRole('alertdialog', { name: /^acme-editor wants to/ })).toBeVisible();
    await expect(question.getByText(editor, { exact: true })).toBeVisible();
    const allow = question.getByRole('button', { name: 'Allow', exact: true });
    await expect(question.getByRole('button', { name: 'Deny' })).toBeFocused();
    await expect.poll(trayLabels).toContain('acme-editor waits for your answer');
    await expect(heading(app, 'A program waits for your answer')).toBeVisible();
    await renewPicture(question, '14-consent');
    await press(app, 'Show the question');
    await expect(allow).toBeVisible();

    // The other window cannot answer, and the one that asks can do nothing else.
    const view: AppView = await app.window.evaluate('window.loopgate.view()');
    await app.window.evaluate(`window.loopgate.answerQuestion(${JSON.stringify(view.questions[0]?.id)}, 'allow')`);
    await question.evaluate('window.loopgate.signOut()');
    await expect(allow).toBeVisible();

    await allow.click();
    expect(await first).toBe('200');
    await expect.poll(() => windowsOf(app)).toBe(1);
    await expect.poll(trayLabels).not.toContain('acme-editor waits for your answer');
    // Remembered: nothing is asked.
    expect(await asks(editor, app)).toBe('200');
    expect(windowsOf(app)).toBe(1);

    // A copy of it is another program. By keyboard alone: once, which the next run of it does not have.
    const copy = makeProgram(stage, 'acme-copy');
    const second = asks(copy, app);
    question = await askingWindow(app);
    const once = question.getByRole('button', { name: 'Allow once' });
    await expect(question.getByRole('button', { name: 'Deny' })).toBeFocused();
    await question.keyboard.press('Tab');
    await expect(once).toBeFocused();
    // Too early it does nothing.
    await expect(once).not.toHaveAttribute('aria-disabled', 'true');
    await pressEnter(question);
    expect(await second).toBe('200');
    await expect.poll(() => windowsOf(app)).toBe(1);

    // Enter by whoever types on does nothing; a second later it denies.
    const third = asks(copy, app);
    question = await askingWindow(app);
    const deny = question.getByRole('button', { name: 'Deny' });
    await expect(deny).toBeFocused();
    await expect(deny).toHaveAttribute('aria-disabled', 'false');
    await pressEnter(question);
    expect(await third).toBe('403 consent_denied');
    await expect.poll(() => windowsOf(app)).toBe(1);
    expect(await asks(copy, app)).toBe('403 consent_denied');

    // Closed without an answer: denied, and it waits in the tray and in the window for a decision.
    const other = makeProgram(stage, 'acme-other');
    const fourth = asks(other, app);
    await (await askingWindow(app)).getByRole('button', { name: 'Deny' }).waitFor();
    await closeAskingWindow(app);
    expect(await fourth).toBe('403 consent_denied');
    await expect.poll(trayLabels).toContain('A program was not answered');
    expect(await asks(other, app)).toBe('403 consent_denied');
    expect(windowsOf(app)).toBe(1);
    await expect(heading(app, 'A program asked while you were away')).toBeVisible();
    await press(app, 'See programs');
    await renewPicture(app.window, '15-programs');
    await press(app, 'Allow: acme-other');
    expect(await asks(other, app)).toBe('200');
    await expect.poll(trayLabels).not.toContain('A program was not answered');

    // Taken back, and forgotten.
    await press(app, 'Deny: acme-editor');
    await expect(app.window.getByRole('button', { name: 'Allow: acme-editor' })).toBeVisible();
    expect(await asks(editor, app)).toBe('403 consent_denied');
    await press(app, 'Remove: acme-editor');
    const fifth = asks(editor, app);
    question = await askingWindow(app);
    await answerQuestion(question, 'Allow');
    expect(await fifth).toBe('200');
    await app.quit();
  }));

test('a program that asks again does not come to lie where the person is about to press Allow for another', () =>
  onStage(async (stage) => {
    const { environment } = stage;
    const { LOOPGATE_GUARD: _, ...asking } = environment;
    const app = await startDesktopApp({ environment: asking });
    const denied = async (name: string) => {
      const program = makeProgram(stage, name);
      const asked = asks(program, app, '/os/sign_in');
      await answerQuestion(await askingWindow(app), 'Deny');
      expect(await asked).toBe('403 consent_denied');
      await expect.poll(() => windowsOf(app)).toBe(1);
      return program;
    };
    const hostile = await denied('acme-hostile');
    await denied('acme-editor');
    await press(app, 'Programs');
    const allow = app.window.getByRole('button', { name: 'Allow: acme-editor' });
    const place = await allow.boundingBox();
    expect(await asks(hostile, app)).toBe('403 consent_denied');
    // The list has heard of it.
    await expect(app.window.getByText('History (3)')).toBeVisible();
    expect(await allow.boundingBox()).toEqual(place);
    await app.quit();
  }));

test('a program with our name and icon is asked about by its file, and a name of marks covers no other words [C13]', () =>
  onStage(async (stage) => {
    const { session, environment } = stage;
    const { LOOPGATE_GUARD: _, ...asking } = environment;
    const folder = join(session.home, 'share', 'applications');
    mkdirSync(folder, { recursive: true });
    const enter = (program: string, name: string, icon: string) => {
      const entry = ['[Desktop Entry]', 'Type=Application', `Name=${name}`, `Exec=${program}`, `Icon=${icon}`, ''];
      writeFileSync(join(folder, `${basename(program)}.desktop`), entry.join('\n'));
    };
    const own = join(projectFolder, 'build', 'icons', 'app.png');
    copyFileSync(own, join(session.home, 'other.png'));
    const impostor = makeProgram(stage, 'acme-impostor');
    enter(impostor, 'Loop Gate update (answer: Allow)', own);
    const thief = makeProgram(stage, 'acme-thief');
    enter(thief, `Co${'\u0301\u0323'.repeat(40)}de`, join(session.home, 'other.png'));
    const app = await startDesktopApp({ environment: { ...asking, XDG_DATA_HOME: join(session.home, 'share') } });

    const first = asks(impostor, app);
    let question = await askingWindow(app);
    await expect(question.getByRole('alertdialog', { name: /^acme-impostor wants to/ })).toBeVisible();
    await expect(question.locator('.program-icon img')).toHaveCount(0);
    await answerQuestion(question, 'Deny');
    expect(await first).toBe('403 consent_denied');

    const second = asks(thief, app);
    question = await askingWindow(app);
    await expect(question.getByRole('alertdialog', { name: /^Co\u0301\u0323\uFFFDde wants to/ })).toBeVisible();
    expect(await question.evaluate("getComputedStyle(document.querySelector('h1')).overflow")).toBe('clip');
    // Our own icon under another name is not shown either.
    await expect(question.locator('.program-icon img')).toHaveCount(0);
    await answerQuestion(question, 'Deny');
    expect(await second).toBe('403 consent_denied');
    await app.quit();
  }));

test('a refused app origin is allowed with one click; the history can be cleared; both outlast a restart [L2]', () =>
  onStage(async ({ environment }) => {
    let app = await startDesktopApp({ environment });
    const origin = 'app://obsidian.md';
    const preflight = () => preflightFrom(origin, app);
    expect(await preflight()).toBe('403');
    await press(app, 'Programs');
    await press(app, `Allow: ${origin}`);
    await expect(app.window.getByRole('button', { name: `Remove: ${origin}` })).toBeVisible();
    expect(await preflight()).toBe('204');

    // A program that asks for a token while nobody is signed in has asked all the same.
    expect(await outputOf('curl', ['-s', '-o', '/dev/null', `${app.address}/user/access_token`])).toBe('');
    await expect(app.window.getByText('History (1)')).toBeVisible();
    await app.quit();

    app = await startDesktopApp({ environment });
    expect(await preflight()).toBe('204');
    await press(app, 'Programs');
    await app.window.getByText('History (1)').click();
    await press(app, 'Clear the history');
    await expect(app.window.getByText('History (1)')).toHaveCount(0);
    await app.quit();
  }));
