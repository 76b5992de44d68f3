import { settling } from './api/resident.ts';

/**
 * The environment of a host whose growth is measured. V8 gives the place for new objects, up to 32 MB, back when it likes
 * (seen): kept small, it hides nothing that stays. Not for a host whose speed or size is compared with another's.
 */
export const steadyMemory: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `${settling.NODE_OPTIONS} --max-semi-space-size=1`,
};
