import { z } from 'zod';
import { auth0Identity, auth0User, auth0UserMetadata, oauthToken, tokenizedPkce } from './auth0.ts';
import { application, context, seededConnectorConnection } from './connect.ts';
import { text } from './fields.ts';
import { auth0, challengedPkce, pkce, resultedPkce, seededPkce } from './pkce.ts';
import { groupedTimestamp, returnedUserProfile, userProfile, users } from './user.ts';

/** The one JSON error. */
const error = z.object({ error: text, error_description: text });

/** The models, named as in the published clients. They become the schemas of the API description. */
export const models = {
  SeededPKCE: seededPkce,
  TokenizedPKCE: tokenizedPkce,
  ChallengedPKCE: challengedPkce,
  ResultedPKCE: resultedPkce,
  PKCE: pkce,
  Auth0: auth0,
  OAuthToken: oauthToken,
  Auth0User: auth0User,
  Auth0Identity: auth0Identity,
  Auth0UserMetadata: auth0UserMetadata,
  SeededConnectorConnection: seededConnectorConnection,
  Application: application,
  Context: context,
  UserProfile: userProfile,
  ReturnedUserProfile: returnedUserProfile,
  Users: users,
  GroupedTimestamp: groupedTimestamp,
  Error: error,
} as const;
