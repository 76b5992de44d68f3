import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Broker } from '../main/broker/broker.ts';
import { loginPath } from '../main/broker/login/login.ts';

/** The response of a login's one-time address. */
export interface LoginAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The headers that a browser sends to an address that a program has opened. */
export const navigation = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
} as const;

/**
 * Requests a login's one-time address as a browser does, without following redirects. @param headers - added to a browser's,
 * or replacing them
 */
export async function askForLogin(
  address: string,
  headers: Record<string, string> = navigation,
  method = 'GET',
): Promise<LoginAnswer> {
  const asked = request(address, { method, agent: false, headers });
  asked.end();
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  if (answer === undefined) throw new Error('no answer');
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

/**
 * Follows the one-time address of a login, which uses it up.
 * @returns the provider's login page; undefined when the address is not valid, or no longer valid
 */
export async function loginPageBehind(address: string): Promise<string | undefined> {
  const { status, headers } = await askForLogin(address);
  return status === 303 ? headers.location : undefined;
}

/** Whether an address is the one-time address of a login. */
export function isLoginAddress(address: string): boolean {
  return /^http:\/\/127\.0\.0\.1:\d+\/login\/[\w-]{32}$/.test(address);
}

/**
 * The page that an address of this broker leads a browser to. @throws Error when the address is not valid, or no longer valid
 */
export function arrivedAt(broker: Broker, address: string): string {
  const [, ticket] = address.split(loginPath);
  if (ticket === undefined) return address;
  const followed = broker.followLogin(ticket);
  if (followed.outcome !== 'opened') throw new Error(`the address is ${followed.outcome}`);
  return followed.address;
}
