import type { z } from 'zod';
import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';

/** The text about a field, where "is not what it should be" says too little. */
const expectations: Record<string, string> = {
  response_type: 'must be "code"',
  code_challenge_method: 'must be "S256" ("plain" is refused)',
  state: 'must be a UUID',
  nonce: 'must be a UUID, equal to state',
  code_verifier: 'must be 43 to 128 unreserved characters (RFC 7636)',
  grant_type: 'must be "authorization_code" or "refresh_token"',
  response_mode: 'must be form_post, query, fragment or web_message',
  prompt: 'must be "login" or "none"',
};

/** @throws LoopgateError `invalid_request` with every wrong field and what it must be */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, code, message }) => {
    const field = path.join('.') || 'body';
    const isMissing = code === 'invalid_type' && message.endsWith('received undefined');
    return `${field} ${isMissing ? 'is missing' : (expectations[field] ?? 'is not what it should be')}`;
  });
  throw new LoopgateError('invalid_request', { happened: verbatim(`${problems.join('; ')}.`) });
}

/**
 * A query or a form as an object. RFC 6749 §3.1 forbids repeated parameters; some clients repeat `scope`, so it may
 * repeat.
 */
export function parametersToObject(parameters: URLSearchParams): Record<string, string | string[]> {
  // In one pass: `getAll` walks through all parameters, and any program may send many.
  const given = new Map<string, [string, ...string[]]>();
  for (const [name, value] of parameters) {
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  const object: Record<string, string | string[]> = Object.create(null);
  for (const [name, values] of given) {
    if (values.length > 1 && name !== 'scope') {
      throw new LoopgateError('invalid_request', { happened: verbatim(`${name} is given ${values.length} times.`) });
    }
    object[name] = values.length > 1 ? values : values[0];
  }
  return object;
}

/**
 * Shapes an answer by its model and drops unknown fields.
 * @throws when the value does not fit, which is our own mistake
 */
export function shape<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const shaped: z.output<T> = schema.parse(value);
  return JSON.parse(JSON.stringify(shaped));
}
