import type { Wish } from '../../preload/views/programs.ts';

/** Every wish, in the order in which they are told. The type holds it whole: a wish that is missing here does not compile. */
const order: Readonly<Record<Wish, true>> = {
  sign_in: true,
  tokens: true,
  profile: true,
  accounts: true,
  sign_out: true,
};

export const wishes = Object.keys(order) as readonly Wish[];
