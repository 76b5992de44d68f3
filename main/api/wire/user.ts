import { z } from 'zod';
import type { OtherApi } from '../../broker/provider/tokens.ts';
import { auth0UserMetadata } from './auth0.ts';
import {
  absent,
  dateOf,
  dateTime,
  optionalText,
  parseScopes,
  present,
  requiredText,
  text,
  textIfSent,
} from './fields.ts';
import { parametersToObject, parse, shape } from './parse.ts';

/** POST /user/select: an Auth0User, of which Loopgate reads only the id. */
export const selectUser = z.object({ user_id: requiredText });

/** GET /user/access_token. */
export const accessTokenQuery = z.object({
  audience: optionalText,
  scope: z.preprocess(
    (value) => (absent(value) === undefined ? undefined : parseScopes(value)),
    z.array(text).optional(),
  ),
});

/** @throws LoopgateError `invalid_request` */
export function parseAccessTokenQuery(query: URLSearchParams): OtherApi {
  // The usual case.
  if (query.size === 0) return {};
  const { audience, scope: scopes = [] } = parse(accessTokenQuery, parametersToObject(query));
  return {
    ...(audience !== undefined && { audience }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
}

/**
 * @returns the `sub` of the person
 * @throws LoopgateError `invalid_request`
 */
export function parseSelectedUser(body: unknown): string {
  return parse(selectUser, body).user_id;
}

export const groupedTimestamp = z.object({ value: dateTime });
export const userProfile = z.object({
  id: text.min(1),
  aesthetics: z.object({ theme: z.object({ dark: z.boolean() }), font: z.object({ size: z.int() }) }),
  email: textIfSent,
  name: textIfSent,
  username: textIfSent,
  picture: textIfSent,
  created: groupedTimestamp.optional().catch(undefined),
  updated: groupedTimestamp.optional().catch(undefined),
  auth0: auth0UserMetadata.optional().catch(undefined),
});
export const returnedUserProfile = z.object({ user: userProfile.optional() });
export const users = z.object({ iterable: z.array(userProfile) });
/** A signed-in person as the broker knows them. */
export interface Person {
  readonly subject: string;
  readonly profile: Record<string, unknown> | undefined;
}

/** UserProfile. The id is the provider's `sub`. */
export function profileAnswer(person: Person) {
  return shape(userProfile, profileModel(person));
}

/** ReturnedUserProfile: the answer of GET /user; `{}` means signed out. */
export function currentUserAnswer(person: Person | undefined) {
  return shape(returnedUserProfile, person ? { user: profileModel(person) } : {});
}

/** Users: the answer of POST /os/sign_out, with the people who are still signed in. */
export function usersAnswer(people: readonly Person[]) {
  return shape(users, { iterable: people.map(profileModel) });
}

/** UserProfile, before it is shaped. */
export function profileModel({ subject, profile: sent = {} }: Person) {
  const profile = present(sent);
  const timestamp = (value: unknown) => {
    const date = dateOf(value);
    return date === undefined ? undefined : { value: date };
  };
  return {
    id: subject,
    // Clients draw their own windows with these; Loopgate ignores them.
    aesthetics: { theme: { dark: false }, font: { size: 14 } },
    email: profile.email,
    name: profile.name,
    username: profile.username ?? profile.preferred_username,
    picture: profile.picture,
    created: timestamp(profile.created_at),
    updated: timestamp(profile.updated_at),
    auth0: profile.user_metadata,
  };
}
