import type { IncomingMessage } from 'node:http';
import type { GuardPolicy } from '../../main/api/guard.ts';

/** The rules of the guard that look at a header each: Host, Origin, Sec-Fetch-Site. */
export const rules = ['L1', 'L2', 'L3'] as const;
export type Rule = (typeof rules)[number];

/** What is switched off now. The product has no such switch: the guard is given a request that has nothing to object to. */
export const off = new Set<Rule>();

/** The request as the guard would have to see it if a rule were not there. */
export function withoutRules(request: IncomingMessage, { port }: GuardPolicy): IncomingMessage {
  const headers: string[] = [];
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const lowerCase = name.toLowerCase();
    if (off.has('L2') && lowerCase === 'origin') continue;
    if (off.has('L3') && /^sec-(fetch-|purpose)/.test(lowerCase)) continue;
    headers.push(name, off.has('L1') && lowerCase === 'host' ? `localhost:${port}` : value);
  }
  return Object.create(request, { rawHeaders: { value: headers } });
}
