import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Asked,
  type BusProgram,
  joinBus,
  numberValue,
  padded,
  type Reply,
  startPrivateBus,
  textValue,
  whyNoBus,
} from '../../../testing/privateBus.ts';
import { promptToCreate, promptToUnlock } from './keyringPrompt.ts';

/** Only reached when something is broken. */
const within = { timeout: 15_000 };
const login = '/org/freedesktop/secrets/collection/login';
const prompt = '/org/freedesktop/secrets/prompt/p1';
const ofPrompt = 'org.freedesktop.Secret.Prompt';
const path = (value: string): Reply => ['o', textValue(value)];
/** The answer to Unlock: what was opened without a prompt, and the prompt for the rest. */
const unlocked = (opened: string | undefined, rest: string): Reply => {
  const list = opened === undefined ? Buffer.alloc(0) : textValue(opened);
  return ['aoo', Buffer.concat([padded(Buffer.concat([numberValue(list.length), list]), 4), textValue(rest)])];
};

/** A double of the Secret Service, on a real bus; the real one with its window is in e2e/desktop/attention.spec.ts. */
describe.skipIf((await whyNoBus()) !== undefined)('promptToUnlock', () => {
  async function serviceThat(answer: (asked: Asked) => Reply) {
    const bus = await startPrivateBus();
    onTestFinished(() => bus.stop());
    const program: BusProgram = await joinBus(bus, answer);
    onTestFinished(() => program.leave());
    await program.own('org.freedesktop.secrets');
    return { ...bus, program };
  }

  /** One that prompts, and what it heard. */
  async function prompting() {
    const heard: { asker: string; collections: string[] } = { asker: '', collections: [] };
    const service = await serviceThat(({ member, sender, values }) => {
      if (member === 'ReadAlias') return path(login);
      if (member === 'Unlock') {
        heard.collections = values.texts();
        return unlocked(undefined, prompt);
      }
      heard.asker = sender;
      return ['', Buffer.alloc(0)];
    });
    return { ...service, heard };
  }

  it.each(['alone', 'together with all others'])(
    'asks for the default keyring, and waits until its prompt says that it is over, told %s',
    async (how) => {
      const { environment, program, heard } = await prompting();
      const over = promptToUnlock(environment);
      await expect.poll(() => program.asked.at(-1), within).toBe(`${prompt} ${ofPrompt} Prompt`);
      expect(heard.collections).toEqual([login]);
      program.signal(prompt, ofPrompt, 'Completed', how === 'alone' ? heard.asker : undefined);
      await over;
    },
  );

  it('a keyring is made by asking for its password, as the default one, unless there is one', async () => {
    const heard = { alias: '' };
    let collection = '/';
    const { environment, program } = await serviceThat(({ member, values }) => {
      if (member === 'ReadAlias') return path(collection);
      if (member !== 'CreateCollection') return ['', Buffer.alloc(0)];
      // a{sv} with one entry, then s.
      const length = values.number();
      values.align(8);
      const entry = [values.text(), values.signature(), values.text()];
      expect(entry).toEqual(['org.freedesktop.Secret.Collection.Label', 's', 'Default keyring']);
      expect(length).toBeGreaterThan(0);
      heard.alias = values.text();
      return ['oo', Buffer.concat([padded(textValue('/'), 4), textValue(prompt)])];
    });
    const over = promptToCreate(environment);
    await expect.poll(() => program.asked.at(-1), within).toBe(`${prompt} ${ofPrompt} Prompt`);
    expect(heard.alias).toBe('default');
    program.signal(prompt, ofPrompt, 'Completed');
    await over;
    const asked = program.asked.length;
    collection = login;
    await promptToCreate(environment);
    expect(program.asked.slice(asked).map((one) => one.split(' ').at(-1))).toEqual(['ReadAlias']);
  });

  it('where nothing is locked nobody is asked', async () => {
    const { environment, program } = await serviceThat(({ member }) =>
      member === 'ReadAlias' ? path(login) : unlocked(login, '/'),
    );
    await promptToUnlock(environment);
    expect(program.asked).toHaveLength(2);
  });

  it('where there is no keyring, no service and no bus, it says that nobody could be asked', async () => {
    const { environment } = await serviceThat(() => path('/'));
    await expect(promptToUnlock(environment)).rejects.toThrow('there is no keyring');
    const empty = await startPrivateBus();
    onTestFinished(() => empty.stop());
    await expect(promptToUnlock(empty.environment)).rejects.toThrow('ServiceUnknown');
    await expect(promptToUnlock({})).rejects.toThrow('there is no session bus');
  });

  it('a prompt that cannot be shown, and a bus that ends meanwhile: it does not wait for an answer', async () => {
    const refusing = await serviceThat(({ member }) => {
      if (member === 'ReadAlias') return path(login);
      return member === 'Unlock' ? unlocked(undefined, prompt) : { error: 'org.example.NoScreen' };
    });
    await expect(promptToUnlock(refusing.environment)).rejects.toThrow('org.example.NoScreen');
    const { environment, program, heard, stop } = await prompting();
    const over = promptToUnlock(environment);
    over.catch(() => undefined);
    await expect.poll(() => program.asked, within).toHaveLength(3);
    // Of another prompt, and another signal of this one: neither is the end.
    program.signal('/org/freedesktop/secrets/prompt/p2', ofPrompt, 'Completed', heard.asker);
    program.signal(prompt, ofPrompt, 'Other', heard.asker);
    // The bus answers this only after it has passed those on.
    await program.own('org.example.Later');
    await stop();
    await expect(over).rejects.toThrow('the session bus has hung up');
  });
});
