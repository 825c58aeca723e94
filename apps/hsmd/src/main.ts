import { systemEntropy } from '@coffer/crypto';
import { exitCodes, FileLock, packageVersion, readFleetFile, runDaemon, systemCode } from '@coffer/host';
import { Hsm, HsmError } from '@coffer/hsm';
import type { FleetDescriptor } from '@coffer/protocol';
import { hsmdSchema } from './config.js';
import { openFileKeyStore } from './file-key-store.js';
import { FileNvram } from './file-nvram.js';
import { HsmServer } from './hsm-server.js';

await runDaemon({
  name: 'hsmd',
  version: packageVersion(import.meta.url),
  help: `
One HSM of a fleet, as a process. SIMULATED HARDWARE: its keys and state lie in files, so whoever controls this machine
controls this HSM. It speaks on its own Unix socket only, and never starts on state that is missing or does not
authenticate: it would vote against what it has forgotten.

Configuration: { "fleet", "keyStore", "state", "socket": paths, "log": { "file", "level" } }`,
  schema: hsmdSchema,
  exitCodeOf: (error) => (error instanceof HsmError ? exitCodes.hsmRefuses : undefined),
  async start(config, { log, path, fail }) {
    const fleet = readFleetFile(path(config.fleet));
    const state = path(config.state);
    // Two processes on one state would be two voters with one vote.
    const lock = FileLock.acquire(`${state}.lock`);
    const keyStore = openFileKeyStore(path(config.keyStore), systemEntropy);
    const hsm = boot(fleet, keyStore, state);
    log.warn({ platform: keyStore.platform }, `${keyStore.platform}: keys and state are in files of this machine`);
    const server = await HsmServer.listen(hsm, path(config.socket), {
      onHalt() {
        const code = systemCode(hsm.haltCause) ?? (hsm.haltCause instanceof Error ? hsm.haltCause.name : 'unknown');
        fail(exitCodes.hsmHalted, `halted: it answers nothing any more (${code})`);
      },
      onBadPeer: (reason) => log.warn({ reason }, 'closed a connection'),
    });
    return {
      async stop() {
        await server.close();
        hsm.close();
        lock.release();
      },
    };
  },
});

function boot(fleet: FleetDescriptor, keyStore: ReturnType<typeof openFileKeyStore>, state: string): Hsm {
  try {
    return Hsm.boot({ fleet, keyStore, nvram: new FileNvram(state), entropy: systemEntropy });
  } catch (cause) {
    if (cause instanceof HsmError) throw new HsmError(cause.code, `refuses to start: ${cause.message}`, { cause });
    throw cause;
  }
}
