import { statSync } from 'node:fs';
import { type Entropy, zero } from '@coffer/base';
import { HostError, readFileIfAny } from '@coffer/host';
import { HsmError, type KeyStore, SoftKeyStore } from '@coffer/hsm';
import { WireError } from '@coffer/wire';

/**
 * SIMULATED HARDWARE: the keys of an HSM from a file that only its user may read.
 * @throws HostError `file` when it is not there or others may read it; HsmError `bad-state` when it holds no keys.
 */
export function openFileKeyStore(path: string, entropy: Entropy): KeyStore {
  const bytes = readFileIfAny(path);
  if (bytes === undefined) throw new HostError('file', `no key store at ${path}`);
  try {
    // Whoever reads this file is this HSM; a copy that others can read is a copy that others have.
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw new HostError('file', `${path} is open to other users: its mode must be 0600`);
    }
    return SoftKeyStore.from(bytes, entropy);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new HsmError('bad-state', 'the key store is damaged', { cause });
  } finally {
    zero(bytes);
  }
}
