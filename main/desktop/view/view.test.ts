import { describe, expect, it } from 'vitest';
import { verbatim } from '../../../preload/texts/messages.ts';
import type { BrokerState, PersonState } from '../../broker/state.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { displayName, type ViewFrame, viewOf } from './view.ts';

const frame: ViewFrame = {
  version: '1.2.3',
  address: 'http://localhost:1000',
  portNotice: undefined,
  provider: undefined,
  audience: undefined,
  demo: false,
  exposesRefreshToken: false,
};
const nobody: BrokerState = {
  ready: true,
  person: undefined,
  others: [],
  waiting: undefined,
  ended: undefined,
  problem: undefined,
  remedy: 'none',
  vault: { kind: 'keyring', changeable: false },
  switchedFrom: undefined,
  signedInByProgram: false,
};
const picture = 'https://p.example/ada.png';

function person(profile: Record<string, unknown> | undefined, subject = 'auth0|ada'): PersonState {
  const issuer = 'https://tenant.example/';
  return {
    account: JSON.stringify([issuer, subject]),
    issuer,
    subject,
    profile,
    renewable: true,
    expiresAt: 5000,
    freshness: 'verified',
    profileReadAt: 3000,
  };
}
const ada = person({ name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true, picture });
const noPicture = () => undefined;
const nothingAsked = { questions: [], unanswered: 0 };
const view = (state: Partial<BrokerState>, pictureOf: (address: string) => string | undefined = noPicture) =>
  viewOf(frame, { ...nobody, ...state }, nothingAsked, pictureOf);

describe('view', () => {
  it('signed out: nothing but the frame, and what is not there is left out', () => {
    expect(view({})).toStrictEqual({
      version: '1.2.3',
      ...nothingAsked,
      address: 'http://localhost:1000',
      demo: false,
      exposesRefreshToken: false,
      status: 'signed_out',
      otherAccounts: [],
      storage: { kind: 'keyring', changeable: false },
    });
  });

  it.each<[string, Partial<BrokerState>]>([
    ['starting', { ready: false }],
    ['starting', { ready: false, person: ada }],
    ['signed_out', { ready: true }],
    ['signed_out', { others: [ada] }],
    ['signed_in', { person: ada }],
  ])('the status is %s', (status, state) => {
    expect(view(state).status).toBe(status);
  });

  it('everything of the frame arrives', () => {
    const full: ViewFrame = {
      ...frame,
      portNotice: verbatim('Port 1000 is taken.'),
      provider: 'tenant.example',
      audience: 'https://api.example/',
      demo: true,
      exposesRefreshToken: true,
    };
    expect(viewOf(full, nobody, nothingAsked, noPicture)).toMatchObject({
      ...full,
      portNotice: 'Port 1000 is taken.',
    });
  });

  it('signed in: who it is, and until when', () => {
    expect(view({ person: ada }, () => 'data:image/png;base64,AA==')).toMatchObject({
      person: {
        account: ada.account,
        name: 'Ada Lovelace',
        email: 'ada@example.com',
        emailVerified: true,
        picture: 'data:image/png;base64,AA==',
      },
      renewable: true,
      expiresAt: 5000,
    });
  });

  it('a session that cannot be renewed says so [T17]', () => {
    expect(view({ person: { ...ada, renewable: false } })).toMatchObject({ renewable: false, expiresAt: 5000 });
  });

  it('no claim but name, e-mail and picture reaches the window [T9]', () => {
    const odd = person({ name: 'Ada', access_token: 'secret', refresh_token: 'secret', address: { street: 'secret' } });
    expect(JSON.stringify(view({ person: odd, others: [odd] }))).not.toContain('secret');
  });

  it('the window never fetches: without a fetched picture there is none, and its web address is not passed on', () => {
    expect(JSON.stringify(view({ person: ada }))).not.toContain(picture);
    const asked: string[] = [];
    view({ person: ada }, (address) => {
      asked.push(address);
      return undefined;
    });
    expect(asked).toEqual([picture]);
  });

  it.each([{ picture: 7, email: ['x'], email_verified: 'true' }, undefined])(
    'claims of a wrong type are left out: %o',
    (profile) => {
      const shown = view({ person: person(profile) }, () => 'data:,').person;
      expect(shown).toStrictEqual({ account: ada.account, name: 'auth0|ada' });
    },
  );

  it('other accounts are shown apart, each with its own key [T18]', () => {
    const grace = person({ name: 'Grace' }, 'auth0|grace');
    const { person: active, otherAccounts } = view({ person: ada, others: [grace] });
    expect(active?.account).toBe(ada.account);
    expect(otherAccounts).toStrictEqual([{ account: grace.account, name: 'Grace' }]);
  });

  it('who was active before a program switched is shown as a person [T18]', () => {
    const grace = person({ name: 'Grace', email: 'grace@example.com' }, 'auth0|grace');
    expect(view({ person: ada, switchedFrom: grace }).switchedFrom).toStrictEqual({
      account: grace.account,
      name: 'Grace',
      email: 'grace@example.com',
    });
    expect(view({ person: ada })).not.toHaveProperty('switchedFrom');
  });

  it('that a program has signed somebody in is shown [T18]', () => {
    expect(view({ person: ada, signedInByProgram: true }).signedInByProgram).toBe(true);
    expect(view({ person: ada })).not.toHaveProperty('signedInByProgram');
  });

  it.each(['verified', 'unverified', 'stale'] as const)('a %s profile says so, and from when it is', (freshness) => {
    expect(view({ person: { ...ada, freshness } })).toMatchObject({ freshness, profileReadAt: 3000 });
  });

  it('a profile that was never read has no time', () => {
    expect(view({ person: { ...ada, profileReadAt: undefined } })).not.toHaveProperty('profileReadAt');
  });

  it('a waiting login and the place of the session are shown', () => {
    const waiting = { id: 'login', requestedBy: 'program', deadline: 9000, page: 'opened' } as const;
    const vault = { kind: 'memory', notice: verbatim('Kept in memory.'), needs: 'choice', changeable: true } as const;
    expect(view({ waiting, vault })).toMatchObject({ waiting, storage: { ...vault, notice: 'Kept in memory.' } });
  });

  it.each(['sign_in', 'renew'] as const)(
    'a problem that %s helps with says what happened; a button does the rest',
    (remedy) => {
      const problem = new LoopgateError('provider_error', {
        happened: verbatim('The provider refused.'),
        next: verbatim('Call the operator.'),
      });
      expect(view({ problem, remedy }).problem).toStrictEqual({
        code: 'provider_error',
        message: 'The provider refused.',
        remedy,
      });
    },
  );

  it('a problem that no button helps with says what to do', () => {
    const problem = new LoopgateError('internal', {
      happened: verbatim('The disk is full.'),
      next: verbatim('Make room.'),
    });
    expect(view({ problem, remedy: 'none' }).problem).toStrictEqual({
      code: 'internal',
      message: 'The disk is full.',
      next: 'Make room.',
      remedy: 'none',
    });
  });

  it('a view can cross to the window: it is plain data', () => {
    const full = view(
      { person: ada, others: [ada], switchedFrom: ada, problem: new LoopgateError('internal') },
      () => 'data:,',
    );
    expect(structuredClone(full)).toStrictEqual(full);
    expect(JSON.parse(JSON.stringify(full))).toStrictEqual(full);
  });
});

describe('the name of an account', () => {
  it.each<[Record<string, unknown> | undefined, string]>([
    [{ name: 'Ada', nickname: 'al', email: 'ada@example.com' }, 'Ada'],
    [{ name: ' ', nickname: 'al', email: 'ada@example.com' }, 'al'],
    [{ nickname: 7, email: 'ada@example.com' }, 'ada@example.com'],
    [{ name: '', nickname: null, email: undefined }, 'auth0|ada'],
    [undefined, 'auth0|ada'],
  ])('of %o it is %s [T3]', (profile, name) => {
    expect(displayName(person(profile))).toBe(name);
  });
});
