import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TokenConfig } from './token.js';

/**
 * SoftHSM 2 for tests and for trying things out: a PKCS#11 token made of files. It keeps PKCS#11's rules about keys and
 * protects nothing from whoever reads its folder; it does not flush its files to disk either.
 */
export class SoftHsm {
  /** For the environment of every process that uses these tokens; SoftHSM reads it when it is loaded. */
  readonly env: { readonly SOFTHSM2_CONF: string };
  /** The folder that holds the tokens. Moving it away takes them out of the machine. */
  readonly tokens: string;
  readonly #folder: string;
  readonly #module: string;

  /** @param folder - exists and is empty. */
  constructor(folder: string) {
    const module = modulePath();
    if (module === undefined) throw new Error('there is no SoftHSM 2 on this machine');
    this.#module = module;
    this.#folder = folder;
    this.tokens = join(folder, 'tokens');
    this.env = { SOFTHSM2_CONF: join(folder, 'softhsm2.conf') };
    mkdirSync(this.tokens, { mode: 0o700 });
    writeFileSync(
      this.env.SOFTHSM2_CONF,
      `directories.tokendir = ${this.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    );
  }

  /** What is missing on this machine for SoftHSM tests, for people; undefined when nothing is. */
  static missing(): string | undefined {
    if (modulePath() === undefined) return 'SoftHSM 2 (Debian: softhsm2)';
    try {
      createRequire(import.meta.url)('pkcs11js');
      return undefined;
    } catch {
      return 'a built pkcs11js (npm run build:pkcs11)';
    }
  }

  /** Makes a token, with its PIN in a file of mode 0600. @returns how to open it. */
  create(label: string, pin: string): TokenConfig & { readonly pin: { readonly file: string } } {
    const args = ['--init-token', '--free', '--label', label, '--so-pin', `so-${pin}`, '--pin', pin];
    execFileSync('softhsm2-util', args, { env: { ...process.env, ...this.env }, stdio: ['ignore', 'ignore', 'pipe'] });
    const file = join(this.#folder, `${label}.pin`);
    writeFileSync(file, `${pin}\n`, { mode: 0o600 });
    return { module: this.#module, token: { label }, pin: { file } };
  }
}

function modulePath(): string | undefined {
  const folders = [
    '/usr/lib',
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/local/lib',
    '/opt/homebrew/lib',
  ];
  return folders.map((folder) => join(folder, 'softhsm/libsofthsm2.so')).find((path) => existsSync(path));
}
