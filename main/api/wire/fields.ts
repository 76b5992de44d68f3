import { z } from 'zod';

// The field types of the models. The wire has snake_case and omits absent values; outside this folder names are
// camelCase and absent values are undefined.

/** The four scopes that the published clients know by name. */
export const knownScopes = ['openid', 'email', 'profile', 'offline_access'] as const;
type KnownScope = (typeof knownScopes)[number];

/** Clients write "nothing" as null, an empty string or the enum value UNKNOWN; here it becomes undefined. */
export function absent(value: unknown): unknown {
  return value === null || value === '' || value === 'UNKNOWN' ? undefined : value;
}

export function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess(absent, schema.optional());
}

export function required<T extends z.ZodType>(schema: T) {
  return z.preprocess(absent, schema);
}

/**
 * Scopes in every form that clients send: separated by spaces or commas, joined without a separator (known names are
 * recovered), as an array, or as repeated keys.
 */
export function parseScopes(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) => text.split(/[\s,+]+/))
    .flatMap(recoverScopes)
    .filter((scope) => scope !== '' && scope !== 'UNKNOWN');
}

/** `openidemailprofile` → its three names. A text with any other name stays as it is. */
function recoverScopes(text: string): string[] {
  const names: string[] = [];
  let rest = text;
  while (rest !== '') {
    const name = knownScopes.find((known) => rest.startsWith(known));
    if (name === undefined) return [text];
    names.push(name);
    rest = rest.slice(name.length);
  }
  return names;
}

export const scope = z.preprocess(
  (value) => (absent(value) === undefined ? undefined : parseScopes(value)),
  z.array(z.string()),
);
// Shared by all models, because building schemas is the slowest part of a start.
export const text = z.string();
export const optionalText = optional(text);
export const requiredText = required(text);
/** A value that a provider may send with another type, which is then left out. */
export const textIfSent = text.optional().catch(undefined);
/** Any UUID version and variant, because clients differ. */
export const uuid = z.guid();
export const requiredUuid = required(uuid);
/** R2: `plain` is unknown here, so it is refused. */
export const s256 = z.literal('S256');
export const responseMode = z.enum(['form_post', 'query', 'fragment', 'web_message']);
/** Generated clients send it in many shapes, and Loopgate never needs it. */
export const ignoredSchema = z.unknown().optional();
/** A text that Loopgate ignores. The type is for clients that are generated from the API description. */
export const ignoredText = z.unknown().meta({ type: 'string' }).optional();

export const dateTime = z.iso.datetime();
export const dateTimeIfSent = dateTime.optional().catch(undefined);

export function isKnownScope(name: string): name is KnownScope {
  return knownScopes.some((known) => known === name);
}

/** A provider may also write "nothing" in these ways; an answer omits it (W2). */
export function present(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => absent(value) !== undefined));
}

/** Dates as `2026-11-20T10:00:00.000Z`, from such a text or from seconds since the epoch. */
export function dateOf(value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const date = new Date(typeof value === 'number' ? value * 1000 : value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
