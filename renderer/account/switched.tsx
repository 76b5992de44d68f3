import type { Actions } from '../../preload/contract.ts';
import type { PersonView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';

interface SignedInByProgramProps {
  person: PersonView;
  actions: Pick<Actions, 'signOutAccount' | 'acceptSwitch'>;
}

/** A program's login made this account active while none was (T18): shows whose it is, and the way back. */
export function SignedInByProgram({ person, actions }: SignedInByProgramProps) {
  const { signedInByProgram: words } = texts;
  return (
    <section class="note warning" aria-labelledby="signed-in-by-program">
      <h2 id="signed-in-by-program" class="note-title">
        {words.title(person.name)}
      </h2>
      <p>{words.text}</p>
      <div class="note-buttons">
        <button type="button" onClick={() => actions.signOutAccount(person.account)}>
          {words.undo}
        </button>
        <button type="button" onClick={() => actions.acceptSwitch()}>
          {words.keep}
        </button>
      </div>
    </section>
  );
}

interface SwitchedProps {
  person: PersonView;
  from: PersonView;
  actions: Pick<Actions, 'switchAccount' | 'acceptSwitch'>;
}

/** A program made another account active (T18): shows whose it is, and the way back. */
export function Switched({ person, from, actions }: SwitchedProps) {
  const { switched } = texts;
  // One person has two accounts: only the address tells them apart.
  const isSameName = person.name === from.name;
  const called = ({ name, email }: PersonView) => (isSameName ? (email ?? name) : name);
  return (
    <section class="note warning" aria-labelledby="switched">
      <h2 id="switched" class="note-title">
        {switched.title(called(person))}
      </h2>
      <p>{switched.text}</p>
      <div class="note-buttons">
        <button type="button" onClick={() => actions.switchAccount(from.account)}>
          {switched.back(called(from))}
        </button>
        <button type="button" onClick={() => actions.acceptSwitch()}>
          {switched.keep}
        </button>
      </div>
    </section>
  );
}
