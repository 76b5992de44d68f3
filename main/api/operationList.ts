import type { Gate } from '../access/gate.ts';
import type { Broker } from '../broker/broker.ts';
import type { BrokerLog } from '../broker/world.ts';
import { descriptionOperations } from './description/description.ts';
import type { Operation } from './operation.ts';
import { auth0Operations } from './operations/auth0.ts';
import { connectOperations } from './operations/connect.ts';
import { deviceOperations } from './operations/device.ts';
import { loginAddressOperation, loginElsewhereOperation } from './operations/loginAddress.ts';
import { pkceOperations } from './operations/pkce.ts';
import { programsOperations } from './operations/programs.ts';
import { ResultPages } from './operations/resultPages.ts';
import { userOperations } from './operations/user.ts';
import { usersOperations } from './operations/users.ts';
import { type Instance, wellKnownOperations } from './operations/wellKnown.ts';
import { windowOperations } from './operations/window.ts';

export interface ApiLog extends BrokerLog {
  debug(fields: object, message: string): void;
  /** Absent: all levels are enabled. */
  isLevelEnabled?(level: 'debug'): boolean;
}

/** What the operations need. */
export interface OperationOptions {
  readonly broker: Broker;
  readonly gate: Gate;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: ApiLog;
  readonly instance: Instance;
  /** The secret of the command `loopgate`. */
  readonly commandKey: string;
  /**
   * Opens the window; absent without one.
   * @throws LoopgateError when the window can no longer open
   */
  readonly showWindow?: () => Promise<void>;
  /** The folder with the files of the page /docs. */
  readonly docsFolder: string;
  /** Additional operations, which the description leaves out. */
  readonly furtherOperations?: readonly Operation[];
}

/** Every operation, for the routes and the API description. */
export function apiOperations({
  broker,
  gate,
  now,
  log,
  instance,
  commandKey,
  showWindow,
  docsFolder,
  furtherOperations = [],
}: OperationOptions): Operation[] {
  const described = [
    ...pkceOperations(broker, gate, new ResultPages(), log, now),
    ...auth0Operations(broker, gate, now),
    ...userOperations(broker, gate, now),
    ...usersOperations(broker),
    ...connectOperations(broker, gate, instance),
    ...wellKnownOperations(instance),
  ];
  return [
    ...described,
    ...descriptionOperations(() => described, instance, docsFolder),
    ...programsOperations(gate, commandKey),
    ...windowOperations(commandKey, showWindow),
    ...deviceOperations(broker, gate, now),
    loginElsewhereOperation(broker, gate),
    loginAddressOperation(broker),
    ...furtherOperations,
  ];
}
