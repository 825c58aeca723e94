import { fileURLToPath } from 'node:url';
import { hex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { type ExitCode, exitCodes, FileLock, packageVersion, readFleetFile, runDaemon, systemCode } from '@coffer/host';
import { Birth, Hsm, HsmError } from '@coffer/hsm';
import { KeyStoreError } from '@coffer/keystore-pkcs11';
import type { z } from 'zod';
import { openNewborn } from './birth.js';
import { hsmdSchema } from './config.js';
import { exitCodeOf } from './exits.js';
import { FileNvram } from './file-nvram.js';
import { HsmServer } from './hsm-server.js';
import { ownImage } from './image.js';
import { type OpenKeyStore, openKeyStore } from './key-store.js';

const image = ownImage(fileURLToPath(import.meta.url));

await runDaemon({
  name: 'hsmd',
  version: packageVersion(import.meta.url),
  help: `
One HSM, as a process. SIMULATED HARDWARE: whoever controls this machine controls this HSM. It speaks on its own Unix
socket only, and never starts on state that is missing or does not authenticate: it would vote against what it has
forgotten.

Configuration: { "fleet" or "birth": { "site" }, "keyStore", "state", "socket": paths, "log": { "file", "level" } }
or, with the keys in a PKCS#11 token: "keyStore": { "pkcs11": { "module": path, "token": { "label" } or { "slot" },
"pin": { "file" } or { "env" } or { "fd" } } }
With "birth" it is a new HSM, which makes its keys and waits for the ceremony of its fleet; with "fleet", a member.`,
  schema: hsmdSchema,
  exitCodeOf,
  async start(config, { log, path, fail }) {
    // Two processes on one state would be two voters with one vote.
    const lock = FileLock.acquire(`${path(config.state)}.lock`);
    const { hsm, keyStore, where, close } = wake(config, path);
    log.warn({ platform: keyStore.platform, image: hex(image) }, `${keyStore.platform}: ${where}`);
    const server = await HsmServer.listen(hsm, path(config.socket), {
      onHalt() {
        const { exitCode, reason } = haltOf(hsm.haltCause);
        fail(exitCode, `halted: it answers nothing any more (${reason})`);
      },
      onBadPeer: (reason) => log.warn({ reason }, 'closed a connection'),
    });
    return {
      async stop() {
        await server.close();
        hsm.close();
        close();
        lock.release();
      },
    };
  },
});

/**
 * A token that went away is the one cause after which starting again is right: the HSM seals its state before it persists
 * it and signs after that, so whatever the token no longer did, nobody was told of it.
 */
function haltOf(cause: unknown): { exitCode: ExitCode; reason: string } {
  if (cause instanceof KeyStoreError) {
    return { exitCode: exitCodeOf(cause) ?? exitCodes.hsmHalted, reason: `${cause.message}: ${cause.code}` };
  }
  const reason = systemCode(cause) ?? (cause instanceof Error ? cause.name : 'unknown');
  return { exitCode: exitCodes.hsmHalted, reason };
}

/** A member, or an HSM that waits for its fleet: two programs that share no message. */
function wake(
  { fleet, birth, keyStore: config, state }: z.output<typeof hsmdSchema>,
  path: (path: string) => string,
): OpenKeyStore & { hsm: Hsm | Birth } {
  const nvram = new FileNvram(path(state));
  const entropy = systemEntropy;
  try {
    if (birth !== undefined) {
      const opened = openNewborn(config, path, { nvram, site: birth.site, entropy });
      return { ...opened, hsm: Birth.boot({ keyStore: opened.keyStore, nvram, entropy, image }) };
    }
    const opened = openKeyStore(config, path, entropy);
    const member = { fleet: readFleetFile(path(fleet as string)), keyStore: opened.keyStore, nvram, entropy, image };
    return { ...opened, hsm: Hsm.boot(member) };
  } catch (cause) {
    if (cause instanceof HsmError) throw new HsmError(cause.code, `refuses to start: ${cause.message}`, { cause });
    throw cause;
  }
}
