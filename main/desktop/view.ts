import type { AppView, PersonView } from '../../preload/contract.ts';
import type { BrokerState, PersonState } from '../broker/broker.ts';

/** What the window shows beside the broker's own state; fixed for a run. */
export interface ViewFrame {
  readonly version: string;
  readonly address: string;
  readonly portNotice: string | undefined;
  readonly provider: string | undefined;
  readonly audience: string | undefined;
  readonly demo: boolean;
  readonly exposesRefreshToken: boolean;
}

/**
 * The broker's state as the window shows it. No token is in either.
 * @param pictureOf - gives the picture of an address as a `data:` address, when it has been fetched
 */
export function viewOf(
  frame: ViewFrame,
  state: BrokerState,
  pictureOf: (address: string) => string | undefined,
): AppView {
  const { person, others, waiting, problem, storageNotice } = state;
  return {
    version: frame.version,
    address: frame.address,
    demo: frame.demo,
    exposesRefreshToken: frame.exposesRefreshToken,
    status: !state.ready ? 'starting' : person ? 'signed_in' : 'signed_out',
    otherAccounts: others.map((other) => personView(other, pictureOf)),
    ...(frame.portNotice !== undefined && { portNotice: frame.portNotice }),
    ...(frame.provider !== undefined && { provider: frame.provider }),
    ...(frame.audience !== undefined && { audience: frame.audience }),
    ...(person && {
      person: personView(person, pictureOf),
      renewable: person.renewable,
      expiresAt: person.expiresAt,
    }),
    ...(waiting && { waiting }),
    ...(problem && { problem: { code: problem.code, message: problem.happened } }),
    ...(storageNotice !== undefined && { storageNotice }),
  };
}

/** The name that a person knows an account by: name, else nickname, else e-mail, else the subject. */
export function displayName({ profile, subject }: PersonState): string {
  for (const claim of ['name', 'nickname', 'email'] as const) {
    const value = profile?.[claim];
    if (typeof value === 'string' && value.trim() !== '') return value;
  }
  return subject;
}

function personView(person: PersonState, pictureOf: (address: string) => string | undefined): PersonView {
  const { email, email_verified: verified, picture: address } = person.profile ?? {};
  const picture = typeof address === 'string' ? pictureOf(address) : undefined;
  return {
    account: person.account,
    name: displayName(person),
    ...(typeof email === 'string' && { email }),
    ...(typeof verified === 'boolean' && { emailVerified: verified }),
    ...(picture !== undefined && { picture }),
  };
}
