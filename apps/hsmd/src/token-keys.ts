/**
 * Makes the keys of an HSM in the token that its configuration names, once in its life.
 *
 *   node apps/hsmd/dist/token-keys.js --config hsmd.json
 *
 * Prints one line of JSON: `{"publicKey": 64 hex digits, "platform"}`. Exit codes as those of hsmd.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError, hex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { exitCodes, HostError, readConfiguration } from '@coffer/host';
import { Pkcs11KeyStore } from '@coffer/keystore-pkcs11';
import { hsmdSchema } from './config.js';
import { exitCodeOf } from './exits.js';
import { tokenConfig } from './key-store.js';

try {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new HostError('bad-config', '--config FILE is missing');
  const { value, path } = readConfiguration(resolve(values.config), hsmdSchema);
  if (typeof value.keyStore === 'string') throw new HostError('bad-config', 'keyStore: names no token');
  const keyStore = Pkcs11KeyStore.generate(tokenConfig(value.keyStore.pkcs11, path), systemEntropy);
  const { publicKey, platform } = keyStore;
  process.stdout.write(`${JSON.stringify({ publicKey: hex(publicKey), platform })}\n`);
  keyStore.close();
} catch (error) {
  const message = error instanceof CodedError ? `${error.message} (${error.code})` : 'wrong arguments';
  process.stderr.write(`token-keys: ${message}\n`);
  process.exitCode = exitCodeOf(error) ?? exitCodes.usage;
}
