import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { hex } from '@coffer/base';
import { ed25519PublicKey, ed25519SeedBytes } from '@coffer/crypto';
import { writeSeedFile } from '@coffer/host';
import { encodeVerifierKey, isKeyName, noteKey, plexiKeyId } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import type { Terminal } from '../terminal/terminal.js';

export interface KeyCreateOptions {
  /** Of a log or a witness. */
  readonly name?: string | undefined;
}

/** `coffer key create`: the seed of a new Ed25519 key, in a file of its own. Only public parts are printed. */
export async function keyCreateCommand(path: string, options: KeyCreateOptions, { output }: Terminal): Promise<void> {
  const { name } = options;
  if (name !== undefined && !isKeyName(name))
    throw new CliError('usage', 'bad-argument', 'a key name has no spaces, no control characters and no "+"');
  const file = resolve(path);
  const seed = new Uint8Array(randomBytes(ed25519SeedBytes));
  try {
    writeSeedFile(file, seed);
    const publicKey = ed25519PublicKey(seed);
    const keyId = plexiKeyId(publicKey);
    const vkeys = name === undefined ? undefined : vkeysOf(name, publicKey);
    output.done({ ok: true, file, publicKey: hex(publicKey), keyId, ...vkeys }, [
      `Seed        ${file} (mode 0600; whoever reads it can sign)`,
      `Public key  ${hex(publicKey)}`,
      `Key id      ${keyId} (auditors: each key of one auditor needs another)`,
      ...(vkeys === undefined ? [] : [`As a log    ${vkeys.logVkey}`, `As witness  ${vkeys.witnessVkey}`]),
    ]);
  } finally {
    seed.fill(0);
  }
}

function vkeysOf(name: string, key: Uint8Array) {
  return {
    logVkey: encodeVerifierKey(noteKey(name, 'log', key)),
    witnessVkey: encodeVerifierKey(noteKey(name, 'witness', key)),
  };
}
