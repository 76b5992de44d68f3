import { verbatim } from '../../preload/texts/messages.ts';
import { SettingError } from '../settings/settings.ts';

/** The first descriptor of sd_listen_fds(3). */
const firstDescriptor = 3;
/** A socket unit for one port has fewer. */
const maxDescriptors = 64;

/**
 * Takes the listening sockets that systemd has opened for this process, as in sd_listen_fds(3): `LISTEN_FDS` descriptors from
 * 3 on, if `LISTEN_PID` is this process. It removes the variables from the environment, so that no child process uses them. A
 * child must not get the descriptors either (withoutDescriptors.ts).
 * @returns their descriptors; empty if systemd passed none, or passed them to another process
 * @throws SettingError when the number of descriptors is not valid
 */
export function takeHandedSockets(environment: NodeJS.ProcessEnv, pid: number): number[] {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  delete environment.LISTEN_PID;
  delete environment.LISTEN_FDS;
  delete environment.LISTEN_FDNAMES;
  delete environment.LISTEN_PIDFDID;
  if (LISTEN_PID === undefined || LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return [];
  const count = /^\d{1,3}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0;
  if (count < 1 || count > maxDescriptors) {
    throw new SettingError(
      verbatim(
        `LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}: expected how many sockets were handed over, from 1 to ${maxDescriptors}.`,
      ),
    );
  }
  return Array.from({ length: count }, (_, index) => firstDescriptor + index);
}
