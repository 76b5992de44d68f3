import { createHash } from 'node:crypto';

/** A person of this provider. Any name creates one; the same name is always the same person. */
export interface Account {
  /** `auth0|<slug>`. */
  sub: string;
  slug: string;
  /** The name from the login page, trimmed. */
  name: string;
  /** When the person last signed in, in ISO 8601, as Auth0 sends it. */
  updatedAt: string;
}

/** The claims of each scope, in oidc-provider's form. `org_id` is present when an organization was requested. */
export const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  openid: ['sub', 'org_id'],
  profile: ['name', 'nickname', 'given_name', 'family_name', 'picture', 'updated_at'],
  email: ['email', 'email_verified'],
};

/** @param name - as typed: letters of any script, quotes and markup are allowed */
export function accountNamed(name: string): Account {
  const typed = name.trim().replace(/\s+/gu, ' ');
  const slug = slugOf(typed);
  return { sub: `auth0|${slug}`, slug, name: typed, updatedAt: new Date().toISOString() };
}

/** All claims of a person. Without an organization there is no `org_id`; a name of one word has no `family_name`. */
export function claimsOf(account: Account, issuer: string, organization?: string): Record<string, unknown> {
  const [givenName = account.name, ...rest] = account.name.split(' ');
  return {
    sub: account.sub,
    ...(organization === undefined ? {} : { org_id: organization }),
    name: account.name,
    nickname: account.slug,
    given_name: givenName,
    ...(rest.length === 0 ? {} : { family_name: rest.join(' ') }),
    picture: `${issuer}picture/${account.slug}.png`,
    updated_at: account.updatedAt,
    email: `${account.slug}@example.test`,
    email_verified: true,
  };
}

/** The claims of these scopes. */
export function claimsWithin(claims: Record<string, unknown>, scopes: readonly string[]): Record<string, unknown> {
  const names = new Set(scopes.flatMap((scope) => claimsOfScope[scope] ?? []));
  return Object.fromEntries(Object.entries(claims).filter(([name]) => names.has(name)));
}

/** An ASCII name for addresses. If letters were lost, it gets a digest, so that two such names stay two people. */
function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{Mark}/gu, '');
  const slug = plain
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const hasLostLetters = /\p{Letter}/u.test(plain.replace(/[a-z]/gi, ''));
  if (slug !== '' && !hasLostLetters) return slug;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${slug || 'person'}-${digest}`;
}
