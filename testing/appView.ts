import type { AppView } from '../preload/views/appView.ts';

/** The view of both windows while no account is signed in. A test changes the parts that it is about. */
export const signedOut: AppView = {
  version: '0.1.0',
  status: 'signed_out',
  address: 'http://localhost:1000',
  provider: 'tenant.us.auth0.com',
  demo: false,
  otherAccounts: [],
  storage: { kind: 'keyring', changeable: false },
  questions: [],
  unanswered: 0,
  exposesRefreshToken: false,
};
