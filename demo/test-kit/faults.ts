import { randomUUID } from 'node:crypto';
import { Gate } from '../../main/access/gate.ts';
import type { Requester } from '../../main/access/principals.ts';
import type { Permission } from '../../main/access/programList.ts';
import { json, type Operation } from '../../main/api/operation.ts';
import type { Broker } from '../../main/broker/broker.ts';
import { type Clock, systemClock } from '../../main/broker/clock.ts';
import type { PlatformFetch } from '../../main/broker/provider/providerFetch.ts';
import { LoopgateError } from '../../main/errors/errors.ts';
import { verbatim } from '../../preload/texts/messages.ts';
import type { IdentityProvider } from '../identity-provider/provider.ts';

/** The faults that the test kit offers; docs/authors/test-kit.md describes the API's answers. */
export const faultNames = ['expired', 'token-expired', 'signed-out', 'offline', 'consent-denied'] as const;
export type FaultName = (typeof faultNames)[number];

/** The path for requesting faults. Shipped builds do not have it. */
export const faultPath = '/test-kit/fault';

/** Longer than any access token of the demo provider lives. Milliseconds. */
const pastEveryToken = 2 * 60 * 60_000;
/** How long a fault may take to show, in milliseconds. */
const timeout = 10_000;
/** The faults that a new sign-in through the API ends. */
const endedBySignIn: readonly FaultName[] = ['expired', 'signed-out'];

/**
 * Produces the faults the way they happen in reality: the provider revokes the session, the network fails and time passes,
 * the person presses Deny. The broker, its API and its errors are the shipped ones.
 */
export class Faults {
  /** The fetch between the broker and the provider. */
  readonly fetch: PlatformFetch;
  readonly clock: Clock;
  readonly gate: typeof Gate;
  readonly operations: readonly Operation[];
  readonly #provider: IdentityProvider;
  readonly #refusedTokens = new Set<string>();
  readonly #gateListeners = new Set<() => void>();
  #broker: Broker | undefined;
  #present: FaultName | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(provider: IdentityProvider) {
    this.#provider = provider;
    this.fetch = (url, options) => this.#fetch(url, options);
    const isOffline = () => this.#present === 'offline';
    // While offline, a stored token works until it ends; only after that do programs see that no person is signed in.
    this.clock = { ...systemClock, now: () => systemClock.now() + (isOffline() ? pastEveryToken : 0) };
    this.gate = gateThat(() => this.#present === 'consent-denied', this.#gateListeners);
    this.operations = this.#operations();
  }

  /** Sets the broker. Before that, no fault can be requested. */
  attach(broker: Broker): void {
    this.#broker = broker;
  }

  /** The active fault; undefined if a new sign-in has ended it. */
  get present(): FaultName | undefined {
    const isOver = endedBySignIn.some((name) => name === this.#present) && this.#broker?.state().person !== undefined;
    return isOver ? undefined : this.#present;
  }

  /** Ends the active fault and starts this one. Resolves when programs see it. @throws LoopgateError */
  start(name: FaultName): Promise<void> {
    return this.#inTurn(async (broker) => {
      await this.#end(broker);
      if (name === 'token-expired') await this.#renew(broker);
      if (name === 'signed-out') await broker.signOut();
      if (name === 'expired') await this.#revoke(broker);
      this.#set(name);
    });
  }

  /** Ends the active fault, and signs in the demo person. @throws LoopgateError when the sign-in fails */
  end(): Promise<void> {
    return this.#inTurn((broker) => this.#end(broker));
  }

  async #end(broker: Broker): Promise<void> {
    const was = this.#present;
    this.#set(undefined);
    if (was === 'offline') {
      broker.networkIsBack();
      await broker.renew();
    }
    // Each call uses a new owner, so that earlier tests do not count against its limit (L8).
    await broker.ensureSignedIn(`test kit ${randomUUID()}`, timeout);
  }

  #set(name: FaultName | undefined): void {
    this.#present = name;
    for (const tell of this.#gateListeners) tell();
  }

  /** The provider stops accepting the token that programs hold; the session gets another. */
  async #renew(broker: Broker): Promise<void> {
    const refused = (await broker.accessToken()).accessToken;
    await broker.token('test kit', { grantType: 'refresh_token', clientId: this.#provider.clientId });
    this.#refusedTokens.add(refused);
  }

  /** The provider revokes the session, and Loopgate learns of it through a renewal right away. */
  async #revoke(broker: Broker): Promise<void> {
    this.#provider.revokeAll();
    const ended = new Promise<void>((resolve, reject) => {
      const stopWaiting = systemClock.after(timeout, () => {
        stopListening();
        reject(new LoopgateError('internal', { happened: verbatim('The session has not ended in time.') }));
      });
      const stopListening = broker.onChange(() => {
        if (broker.state().person) return;
        stopListening();
        stopWaiting();
        resolve();
      });
    });
    broker.wake({ distrust: true });
    await ended;
  }

  async #fetch(url: string, options: RequestInit): Promise<Response> {
    if (this.#present === 'offline') {
      throw Object.assign(new Error('the test kit is offline'), { code: 'ENETUNREACH' });
    }
    const [, token = ''] = (new Headers(options.headers).get('authorization') ?? '').split(' ');
    if (this.#refusedTokens.has(token)) {
      const headers = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
      return Response.json({ error: 'invalid_token' }, { status: 401, headers });
    }
    return await fetch(url, options);
  }

  #operations(): Operation[] {
    const answer = () => json({ ...(this.present && { fault: this.present }), faults: faultNames });
    return [
      { method: 'GET', path: faultPath, needs: 'nothing', handle: answer },
      {
        method: 'PUT',
        path: `${faultPath}/:name`,
        needs: 'nothing',
        handle: async ({ path }) => {
          await this.start(faultNameIn(path));
          return answer();
        },
      },
      {
        method: 'DELETE',
        path: faultPath,
        needs: 'nothing',
        handle: async () => {
          await this.end();
          return answer();
        },
      },
    ];
  }

  /** Runs the requests one after the other. */
  #inTurn(work: (broker: Broker) => Promise<void>): Promise<void> {
    const done = this.#turn.then(async () => {
      if (!this.#broker) throw new LoopgateError('internal', { happened: verbatim('The test kit is still starting.') });
      await work(this.#broker);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** A gate that answers as if the person had pressed Deny while `denies` is true. @param listeners - called when that changes */
function gateThat(denies: () => boolean, listeners: Set<() => void>): typeof Gate {
  return class extends Gate {
    override onChange(listener: Parameters<Gate['onChange']>[0]): () => void {
      const tell = () => listener('decided');
      listeners.add(tell);
      const stop = super.onChange(listener);
      return () => {
        listeners.delete(tell);
        stop();
      };
    }

    override async isAllowed(requester: Requester): Promise<boolean> {
      return !denies() && (await super.isAllowed(requester));
    }

    override async require(requester: Requester, permission: Permission): Promise<void> {
      if (denies()) throw new LoopgateError('consent_denied');
      await super.require(requester, permission);
    }
  };
}

/** @throws LoopgateError `invalid_request` */
function faultNameIn(path: string): FaultName {
  const name = faultNames.find((one) => path === `${faultPath}/${one}`);
  if (name) return name;
  throw new LoopgateError('invalid_request', {
    happened: verbatim('There is no such fault.'),
    next: verbatim(`There are these: ${faultNames.join(', ')}.`),
  });
}
