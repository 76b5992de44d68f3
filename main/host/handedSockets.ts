import { verbatim } from '../../preload/texts/messages.ts';
import { SettingError } from '../settings/settings.ts';

/** The first descriptor of sd_listen_fds(3). */
const firstDescriptor = 3;
/** More than a socket unit for one port has. */
const maxDescriptors = 64;

/**
 * The listening sockets that systemd has opened for this process, as sd_listen_fds(3) says: `LISTEN_FDS` descriptors from 3
 * on, when `LISTEN_PID` is this process. The variables are taken out of the environment, so that no child takes them for its
 * own; who starts one sees to it that it does not get the descriptors (withoutDescriptors.ts).
 * @returns their descriptors; none when nothing was handed over, or it was meant for another process
 * @throws SettingError when the number of them cannot be understood
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
