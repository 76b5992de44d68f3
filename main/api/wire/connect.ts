import { z } from 'zod';
import { ignoredSchema, optional, required, text, uuid } from './fields.ts';
import { parse, shape } from './parse.ts';
import { type Person, profileModel, userProfile } from './user.ts';

const shortText = text.max(200);
const requiredName = required(shortText);

/** POST /connect. Names are kept as they came, because the clients' lists grow. */
export const seededConnectorConnection = z.object({
  schema: ignoredSchema,
  application: z.object({
    schema: ignoredSchema,
    name: requiredName,
    version: requiredName,
    platform: requiredName,
    privacy: optional(shortText),
  }),
});

/** POST /{application}/onboarded. */
export const onboarded = z.boolean();

/** The program that connects, as it describes itself. Loopgate never trusts this. */
export interface ClaimedApplication {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly privacy: string;
}

/** @throws LoopgateError `invalid_request` */
export function parseConnection(body: unknown): ClaimedApplication {
  const { name, version, platform, privacy } = parse(seededConnectorConnection, body).application;
  return { name, version, platform, privacy: privacy ?? 'OPEN' };
}

/** @throws LoopgateError `invalid_request` */
export function parseOnboarded(body: unknown): boolean {
  return parse(onboarded, body);
}

export const application = z.object({
  id: uuid,
  name: text,
  version: text,
  platform: text,
  onboarded: z.boolean(),
  privacy: text,
});
export const context = z.object({
  os: uuid,
  application,
  health: z.object({ os: z.object({ id: uuid, version: text }) }),
  user: userProfile.optional(),
});
/** Context: the answer of POST /connect. */
export function contextAnswer(
  connected: z.output<typeof application>,
  instance: { id: string; version: string },
  person: Person | undefined,
) {
  return shape(context, {
    os: instance.id,
    application: connected,
    health: { os: instance },
    ...(person && { user: profileModel(person) }),
  });
}
