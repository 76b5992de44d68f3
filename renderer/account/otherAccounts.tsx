import type { Actions } from '../../preload/contract.ts';
import type { PersonView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';
import { Avatar } from './avatar.tsx';

interface OtherAccountsProps {
  accounts: readonly PersonView[];
  actions: Pick<Actions, 'switchAccount' | 'signOutAccount'>;
}

/** The other signed-in accounts; one press makes one of them the account that programs get. */
export function OtherAccounts({ accounts, actions }: OtherAccountsProps) {
  if (accounts.length === 0) return null;
  const { otherAccounts } = texts;
  return (
    <section class="other-accounts" aria-labelledby="other-accounts">
      <h2 id="other-accounts">{otherAccounts.heading}</h2>
      <ul class="card">
        {accounts.map((one) => (
          <li key={one.account}>
            <OtherAccount person={one} actions={actions} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function OtherAccount({ person, actions }: { person: PersonView; actions: OtherAccountsProps['actions'] }) {
  const { otherAccounts } = texts;
  const { account, name, email, picture } = person;
  const who = email === undefined ? name : `${name}, ${email}`;
  return (
    <>
      <Avatar name={name} picture={picture} small />
      <p>
        <bdi class="account-name">{name}</bdi>
        {email !== undefined && <bdi class="small muted">{email}</bdi>}
      </p>
      <div class="account-buttons">
        <button type="button" aria-label={otherAccounts.useWhom(who)} onClick={() => actions.switchAccount(account)}>
          {otherAccounts.use}
        </button>
        <button
          type="button"
          class="quiet"
          aria-label={otherAccounts.signOutWhom(who)}
          onClick={() => actions.signOutAccount(account)}
        >
          {otherAccounts.signOut}
        </button>
      </div>
    </>
  );
}
