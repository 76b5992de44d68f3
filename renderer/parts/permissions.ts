import type { Permission } from '../../preload/views/programs.ts';

/** Every permission, in the order in which the window shows them. The type demands all: with one missing, this does not compile. */
const order: Readonly<Record<Permission, true>> = {
  sign_in: true,
  tokens: true,
  profile: true,
  accounts: true,
  sign_out: true,
};

export const permissions = Object.keys(order) as readonly Permission[];
