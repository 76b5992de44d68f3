import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RemovalResult, RemovalWay } from '../../../preload/contract.ts';
import { spoken } from '../../../preload/texts/index.ts';
import type { Message } from '../../../preload/texts/messages.ts';
import {
  revocationOf,
  type StoredAccount,
  type StoredRevocation,
  type StoredState,
  storedKey,
} from '../../broker/session/vault.ts';
import { LoopgateError, messageOf } from '../../errors/errors.ts';
import { isRemoved } from '../../storage/dataFolder.ts';

/** Revokes a refresh token at the provider that issued it. @throws LoopgateError when the caller should try again */
export type Revoke = (token: StoredRevocation) => Promise<unknown>;

/** What "Remove everything" needs from the app. */
export interface RemovalWorld {
  /** True after the stored sessions were read. */
  isReady(): boolean;
  /** Closes the host during the work. The host starts again if the work returns true or throws. */
  suspend(work: () => Promise<boolean>): Promise<void>;
  /** The stored state; empty when there is none. */
  stored(): StoredState | undefined;
  /** @throws when it could not be written */
  store(state: StoredState): Promise<void>;
  readonly revoke: Revoke;
  /** Removes the person's files from the data folder. @throws */
  remove(): void | Promise<void>;
  quit(): void;
}

/**
 * Revokes all sign-ins, including those at other providers, removes what is stored, and quits. If something cannot be
 * revoked, and the person has not chosen to remove it anyway, it stays as it was.
 */
export async function removeEverything(way: RemovalWay, world: RemovalWorld): Promise<RemovalResult> {
  if (!world.isReady()) {
    return { ok: false, kept: 0, message: spoken().texts.changes.busy };
  }
  let result: RemovalResult = { ok: true };
  try {
    await world.suspend(async () => {
      const state = world.stored();
      if (state) {
        const { left, why } = await revokeAll(state, world.revoke);
        const kept = left.accounts.length + left.revocations.length;
        if (kept > 0 && way === 'revoke') {
          await world.store(left);
          result = { ok: false, kept, message: why ? spoken().texts.said(why) : '' };
          return true;
        }
      }
      await world.remove();
      return false;
    });
  } catch (error) {
    return { ok: false, kept: 0, message: spoken().texts.said(messageOf(error)) };
  }
  if (result.ok) world.quit();
  return result;
}

/**
 * Revokes all refresh tokens of a state.
 * @returns what could not be revoked now but may be later, and the reason for the first of them
 */
export async function revokeAll(
  state: StoredState,
  revoke: Revoke,
): Promise<{ left: StoredState; why: Message | undefined }> {
  const reasons: Message[] = [];
  const groups = await Promise.all(
    groupsOf(state).map((group) => revokeGroup(group, revoke, (reason) => reasons.push(reason))),
  );
  const accounts = state.accounts.filter((account) => groups.some((left) => left.accounts.includes(account)));
  const revocations = groups.flatMap((left) => left.revocations);
  const { active, activeElsewhere = [], ...rest } = state;
  const keys = accounts.map(storedKey);
  const left: StoredState = {
    ...rest,
    accounts,
    revocations,
    ...(active !== undefined && keys.includes(active) && { active }),
    activeElsewhere: activeElsewhere.filter((key) => keys.includes(key)),
  };
  return { left, why: reasons[0] };
}

/** The tokens of one application at one provider: revoking one of them may end the others (T19). */
type Group = Pick<StoredState, 'accounts' | 'revocations'>;

function groupsOf({ accounts, revocations }: StoredState): Group[] {
  const keyOf = ({ issuer, clientId }: StoredRevocation | StoredAccount) => JSON.stringify([issuer, clientId]);
  return [...new Set([...accounts, ...revocations].map(keyOf))].map((key) => ({
    accounts: accounts.filter((one) => keyOf(one) === key),
    revocations: revocations.filter((one) => keyOf(one) === key),
  }));
}

/**
 * Revokes the tokens in turn, up to the first that cannot be revoked now: a later revocation could end an account that stays
 * signed in. If one token of a person was revoked, their remaining accounts are signed out too, because the revocation may
 * have ended them.
 */
async function revokeGroup(group: Group, revoke: Revoke, failed: (why: Message) => void): Promise<Group> {
  const signIns = group.accounts.flatMap((account) => {
    const { refreshToken } = account;
    return refreshToken === undefined ? [] : [{ account, revocation: revocationOf(account, refreshToken) }];
  });
  const all = [...signIns.map(({ revocation }) => revocation), ...group.revocations];
  let done = 0;
  try {
    for (const one of all) {
      await revoke(one);
      done += 1;
    }
  } catch (error) {
    if (!(error instanceof LoopgateError)) throw error;
    failed(error.happenedText);
  }
  const revoked = new Set(all.slice(0, done).map(({ person }) => person));
  const accounts = signIns.slice(done).filter(({ revocation }) => !revoked.has(revocation.person));
  const isKept = new Set(accounts.map(({ revocation }) => revocation));
  return {
    accounts: accounts.map(({ account }) => account),
    revocations: all.slice(done).filter((one) => !isKept.has(one)),
  };
}

/** Removes the person's files from the data folder. The folder itself, the logs and Chromium's files stay. @throws */
export function removeData(home: string): void {
  for (const name of readdirSync(home)) if (isRemoved(name)) rmSync(join(home, name), { force: true });
}
