import pino from 'pino';
import { z } from 'zod';
import { useFixedPackages } from './packages.ts';

// The packages that each start of a host needs, and a line of each: the fixed ones, zod for one schema, pino for one log. It ends when all is loaded.
const settings = z.object({
  issuer: z.string().min(1).optional(),
  port: z.int().min(0).max(65535).optional(),
  scopes: z.array(z.string()).optional(),
  guard: z.enum(['same-user', 'listed']).optional(),
});
const log = pino({ level: 'silent', redact: ['accessToken'] }, pino.destination(2));
const { success } = settings.safeParse({ guard: process.env.LOOPGATE_GUARD });
log.info({ success, useFixedPackages }, 'loaded');
process.exit(success ? 1 : 2);
