import type { PersonView } from '../preload/contract.ts';
import { Avatar } from './avatar.tsx';
import { texts } from './texts.ts';

interface OtherAccountsProps {
  accounts: readonly PersonView[];
  onUse: (account: string) => void;
}

/** The accounts that are signed in but not in use; one press makes one of them the one that programs get. */
export function OtherAccounts({ accounts, onUse }: OtherAccountsProps) {
  if (accounts.length === 0) return null;
  const { otherAccounts } = texts;
  return (
    <section class="other-accounts" aria-labelledby="other-accounts">
      <h2 id="other-accounts">{otherAccounts.heading}</h2>
      <ul class="card">
        {accounts.map(({ account, name, email, picture }) => (
          <li key={account}>
            <Avatar name={name} picture={picture} small />
            <p>
              <bdi class="account-name">{name}</bdi>
              {email !== undefined && <bdi class="small muted">{email}</bdi>}
            </p>
            <button
              type="button"
              aria-label={otherAccounts.useWhom(email === undefined ? name : `${name}, ${email}`)}
              onClick={() => onUse(account)}
            >
              {otherAccounts.use}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
