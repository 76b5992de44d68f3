import { describe, expect, it } from 'vitest';
import { startHeadless } from './support/headless.ts';

const asBrowser = { Accept: 'text/html' };

/** What the host answers to a callback that nobody waited for, to a program, and prints. */
async function saidIn(environment: NodeJS.ProcessEnv) {
  const host = await startHeadless({ environment });
  try {
    const page = await fetch(`${host.address}/pkce/response/code?state=none&code=none`, { headers: asBrowser });
    const signOut = await fetch(`${host.address}/v2/logout`, { headers: asBrowser });
    const program = (await (await fetch(`${host.address}/user/access_token`)).json()) as { error_description: string };
    return {
      page: await page.text(),
      signOut: await signOut.text(),
      program: program.error_description,
      printed: host.output(),
    };
  } finally {
    await host.stop();
  }
}

describe('the language of the headless host', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['LANG', { LANG: 'de_AT.UTF-8' }],
    ['LC_MESSAGES over LANG', { LANG: 'en_GB.UTF-8', LC_MESSAGES: 'de_DE.UTF-8' }],
    ['LC_ALL over both', { LANG: 'en_GB.UTF-8', LC_MESSAGES: 'en_GB.UTF-8', LC_ALL: 'de_CH.UTF-8' }],
  ])('its pages are German by %s; the API and the terminal stay English', async (_what, environment) => {
    const { page, signOut, program, printed } = await saidIn(environment);
    expect(page).toContain('<html lang="de">');
    expect(page).toContain('<h1>Keine Anmeldung wurde erwartet</h1>');
    expect(page).toContain('<dt>Code</dt><dd>unknown_state</dd>');
    expect(signOut).toContain('<h1>Abgemeldet</h1>');
    expect(program).toMatch(/^(Nobody is signed in|No identity provider is configured)\./);
    expect(printed).toMatch(/No identity provider is configured: set LOOPGATE_ISSUER/);
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['nothing is set', {}],
    ['none is named', { LANG: 'C.UTF-8' }],
    ['there is none such', { LANG: 'tlh' }],
    ['LC_ALL says so', { LC_ALL: 'en_US.UTF-8', LANG: 'de_DE.UTF-8' }],
  ])('its pages are English where %s', async (_what, environment) => {
    const { page, signOut } = await saidIn(environment);
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('<h1>No sign-in was waiting</h1>');
    expect(signOut).toContain('<h1>You are signed out</h1>');
  });
});
