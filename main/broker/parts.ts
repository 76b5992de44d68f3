import { AccountSwitch } from './accounts/accountSwitch.ts';
import { Accounts } from './accounts/accounts.ts';
import { Changes } from './changes.ts';
import type { OwnerKey } from './login/authorization.ts';
import { Authorizations } from './login/authorizations.ts';
import { DeviceLogins } from './login/deviceLogin.ts';
import { adoptFromDevice, DeviceSignIn, discardFromDevice } from './login/deviceSignIn.ts';
import { Logins } from './login/login.ts';
import { LoginPages } from './login/loginPages.ts';
import { OwnLogins } from './login/ownLogins.ts';
import { Registration } from './login/registration.ts';
import { type SignInParts, SignIns } from './login/signIns.ts';
import { TokenEndpoint } from './login/tokenEndpoint.ts';
import { WaitingLogins } from './login/waitingLogins.ts';
import { People } from './people.ts';
import { ShownProblem } from './problem.ts';
import { Profiles } from './profiles.ts';
import { Provider } from './provider/provider.ts';
import { Readiness } from './readiness.ts';
import { SignOut, type SignOutParts } from './signOut.ts';
import type { BrokerSettings, BrokerWorld } from './world.ts';

/** The parts of a broker, put together. */
export interface BrokerParts extends SignInParts, SignOutParts {
  readonly tokens: TokenEndpoint;
  readonly profiles: Profiles;
  readonly signIns: SignIns;
  readonly signOut: SignOut;
}

/** Creates the parts of a broker. It does not read or request anything yet. */
export function brokerParts(settings: BrokerSettings, world: BrokerWorld): BrokerParts {
  const { clock, log } = world;
  const { issuer, clientId, signInTimeout, exposeRefreshToken } = settings;
  const isConfigured = issuer !== undefined && clientId !== undefined;
  const provider = isConfigured ? new Provider({ issuer, clientId }, world.fetch, clock) : undefined;
  const changes = new Changes(log);
  const changed = () => changes.notify();
  const readiness = new Readiness(clock);
  const authorizations = new Authorizations(clock, changed);
  const problem: ShownProblem = new ShownProblem(changes, log, () => accounts.unsaved);
  const accounts: Accounts = new Accounts(provider, world, world.vault, {
    changed,
    problem: (reason, remedy) => problem.show(reason, remedy),
    resolved: (reason) => problem.resolved(reason),
  });
  const registration = new Registration(settings, provider);
  const accountSwitch = new AccountSwitch();
  /** @param arrived - the account that a program has made active while no account was; never named in the log */
  const signedIn = (owner: OwnerKey, arrived: string | undefined) => {
    log.info({ owner }, 'signed in');
    if (arrived !== undefined) {
      accountSwitch.signedIn(arrived);
      log.info({ owner }, 'signed in by a program while nobody was');
      changed();
    }
    problem.signedIn();
  };
  const pages = new LoginPages(world, authorizations, problem, (one) => logins.presentAddress(one));
  const logins: Logins = new Logins(authorizations, registration, {
    clock,
    signInTimeout,
    log,
    openPage: pages.open.bind(pages),
    askedAgain: (one) => pages.showAgain(one, () => logins.newAddress(one)),
  });
  const tokens = new TokenEndpoint(authorizations, accounts, registration, clock, {
    exposeRefreshToken,
    signedIn,
    log,
  });
  const deviceLogins = deviceLoginsFor({ world, authorizations, accounts, registration, changed, signedIn });
  const ownLogins = new OwnLogins(logins, tokens, accountSwitch, changes);
  const waitingLogins = new WaitingLogins(authorizations, deviceLogins, logins, pages, clock);
  const people = new People(accounts, accountSwitch, authorizations, readiness, log);
  const device = { people, changes, clock, log, registration, readiness, deviceLogins, ownLogins, waitingLogins };
  const deviceSignIn = new DeviceSignIn(device);
  const shared = { ...device, world, provider, authorizations, accounts, accountSwitch, logins, pages, problem };
  const parts = { ...shared, deviceSignIn };
  return {
    ...parts,
    tokens,
    profiles: new Profiles(accounts, registration, readiness, clock),
    signIns: new SignIns(parts),
    signOut: new SignOut(parts),
  };
}

function deviceLoginsFor(parts: {
  readonly world: BrokerWorld;
  readonly authorizations: Authorizations;
  readonly accounts: Accounts;
  readonly registration: Registration;
  readonly changed: () => void;
  readonly signedIn: (owner: OwnerKey, arrived: string | undefined) => void;
}): DeviceLogins {
  const { world, authorizations, accounts, registration, changed, signedIn } = parts;
  return new DeviceLogins({
    clock: world.clock,
    starting: (owner) => {
      authorizations.countStart(owner);
      world.log.info({ client: registration.settings.clientId, owner }, 'sign-in on another device started');
    },
    show: (code) => world.showDeviceCode?.(code),
    signedIn: (tokens) => adoptFromDevice(tokens, accounts, registration, signedIn),
    discard: (tokens) => discardFromDevice(tokens, accounts, registration),
    duringArrival: (work) => accounts.duringArrival(work),
    track: (work) => void accounts.track(work),
    changed,
  });
}
