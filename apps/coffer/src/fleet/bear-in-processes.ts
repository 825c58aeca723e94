import { NewbornSocket } from '@coffer/agent';
import { CodedError, sleep } from '@coffer/base';
import { type BirthEvents, type BornFleet, bearFleet, CeremonyError, type NewbornHsm } from '@coffer/ceremony';
import { systemTimers } from '@coffer/host';
import { quorumFloor } from '@coffer/protocol';
import type { FleetShape } from './create.js';
import { Daemon } from './daemon.js';
import { hsmd } from './daemon-configs.js';
import type { FleetFolder } from './folder.js';
import { socketPath } from './socket-place.js';

/** How long a new HSM may take to make its keys and listen. */
const wakeMs = 30_000;
const lookMs = 30;

/**
 * Bears a fleet in processes of its own: each HSM makes its keys itself, and this process sees shares only as they are
 * sealed from one to another. The processes end before this returns; as members they are started anew.
 * @param nonce - 32 bytes of the ceremony. @param onDaemon - hears of each process before it starts.
 * @throws CeremonyError.
 */
export async function bearInProcesses(
  folder: FleetFolder,
  shape: FleetShape,
  nonce: Uint8Array,
  events: BirthEvents,
  onDaemon: (daemon: Daemon) => void = () => undefined,
): Promise<BornFleet> {
  const { groups, budgetLimit, rollbackTolerance, sites } = shape;
  const quorum = shape.quorum ?? quorumFloor(sites.length, rollbackTolerance);
  const hsms = sites.map(({ name, keyStore }, i) => {
    const site = folder.site(i + 1);
    const daemon = new Daemon(
      hsmd(site, { birth: { site: name }, keyStore, image: shape.image }),
      false,
      () => undefined,
    );
    return { name, daemon, socket: new NewbornSocket(socketPath(site)) };
  });
  try {
    for (const { daemon } of hsms) {
      onDaemon(daemon);
      daemon.start();
    }
    const connections = await Promise.all(hsms.map(({ name, daemon, socket }) => awake(name, daemon, socket)));
    return await bearFleet(connections, { nonce, groups, budgetLimit, rollbackTolerance, quorum }, events);
  } finally {
    for (const { socket } of hsms) socket.close();
    await Promise.all(hsms.map(({ daemon }) => daemon.stop()));
  }
}

/** Waits until the HSM answers. */
async function awake(site: string, daemon: Daemon, socket: NewbornSocket): Promise<NewbornHsm> {
  const hsm: NewbornHsm = {
    site,
    async call(request) {
      try {
        return await socket.call(request);
      } catch (cause) {
        if (cause instanceof CodedError) throw away(site, cause.message, cause);
        throw cause;
      }
    },
  };
  let ended: string | undefined;
  void daemon.exited().then((exit) => {
    ended = exit?.message ?? 'it ended';
  });
  for (const endMs = Date.now() + wakeMs; Date.now() < endMs; await sleep(systemTimers, lookMs)) {
    if (ended !== undefined) throw away(site, ended);
    try {
      await hsm.call({ type: 'birth.describe', nonce: new Uint8Array(32) });
      return hsm;
    } catch (error) {
      if (!(error instanceof CeremonyError) || error.code !== 'hsm-unavailable') throw error;
    }
  }
  throw away(site, 'it does not answer');
}

function away(site: string, why: string, cause?: unknown): CeremonyError {
  return new CeremonyError('hsm-unavailable', `the HSM of ${site}: ${why}`, { cause });
}
