import type { AccountSwitch } from './accounts/accountSwitch.ts';
import type { Accounts } from './accounts/accounts.ts';
import type { WaitingLogins } from './login/waitingLogins.ts';
import type { People } from './people.ts';
import type { ShownProblem } from './problem.ts';
import type { Readiness } from './readiness.ts';
import { type BrokerState, personOf } from './state.ts';

/** The parts that the state is read from. */
export interface StateParts {
  readonly readiness: Readiness;
  readonly people: People;
  readonly accounts: Accounts;
  readonly accountSwitch: AccountSwitch;
  readonly waitingLogins: WaitingLogins;
  readonly problem: ShownProblem;
}

/** Everything that the desktop shows, at this moment. */
export function shownState(parts: StateParts): BrokerState {
  const { accounts, readiness, people, waitingLogins, problem, accountSwitch } = parts;
  const active = accounts.peek()?.key;
  const before = accountSwitch.before(active);
  const switchedFrom = before === undefined ? undefined : accounts.byKey(before);
  return {
    ready: readiness.isReady,
    person: people.active,
    others: accounts.others().map(personOf),
    waiting: waitingLogins.newest,
    ended: active === undefined ? accounts.lost : undefined,
    problem: problem.current,
    remedy: problem.remedy,
    vault: accounts.location,
    switchedFrom: switchedFrom && personOf(switchedFrom),
    signedInByProgram: accountSwitch.hasArrived(active),
  };
}
