import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hex } from '@coffer/base';

/** Programs that a software TPM and its attestation CA are made of. */
export const tpmPrograms = ['swtpm', 'tpm2_quote', 'tpm2_activatecredential', 'openssl'];

/** What is missing on this machine, for people; undefined when nothing is. */
export function missingTpmPrograms(): string | undefined {
  const has = (test: string): boolean => spawnSync('sh', ['-c', test], { stdio: 'ignore' }).status === 0;
  const missing = tpmPrograms.filter((name) => !has(`command -v ${name}`));
  if (!has('ldconfig -p | grep -q libtss2-tcti-swtpm') && !has('ls /usr/lib/*/libtss2-tcti-swtpm.so.0')) {
    missing.push('libtss2-tcti-swtpm');
  }
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} (Debian: swtpm, tpm2-tools, libtss2-tcti-swtpm0, openssl)`;
}

const endorsementKey = '0x81010001';
const attestationKey = '0x81010002';

/** A TPM of Debian's swtpm, driven by tpm2-tools, and a CA that certifies its attestation key. SIMULATED HARDWARE. */
export class SoftwareTpm {
  readonly #folder: string;
  readonly #stop: () => Promise<void>;

  private constructor(folder: string, stop: () => Promise<void>) {
    this.#folder = folder;
    this.#stop = stop;
  }

  /** Starts a fresh TPM with an endorsement key, an attestation key and a CA. */
  static async start(): Promise<SoftwareTpm> {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-tpm-'));
    mkdirSync(join(folder, 'state'));
    const socket = join(folder, 'sock');
    const args = [
      'socket',
      '--tpm2',
      `--tpmstate=dir=${join(folder, 'state')}`,
      `--server=type=unixio,path=${socket}`,
      `--ctrl=type=unixio,path=${socket}.ctrl`,
      '--flags=not-need-init,startup-clear',
    ];
    const child = spawn('swtpm', args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    const tpm = new SoftwareTpm(folder, async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
    while (!existsSync(socket) || !existsSync(`${socket}.ctrl`)) {
      if (child.exitCode !== null) throw new Error(`swtpm ended with ${child.exitCode}`);
      await pause(5);
    }
    tpm.#makeKeys();
    tpm.#makeAuthority();
    return tpm;
  }

  /** `TPM2_PCR_Extend` of the SHA-256 bank. */
  extend(index: number, digest: Uint8Array): void {
    this.#tpm('tpm2_pcrextend', `${index}:sha256=${hex(digest)}`);
  }

  /** A quote over PCRs by the attestation key. @returns TPMS_ATTEST and TPMT_SIGNATURE. */
  quote(
    pcrs: readonly number[],
    qualifying: Uint8Array,
    key = attestationKey,
  ): { attest: Uint8Array; signature: Uint8Array } {
    const files = ['-m', 'quote.msg', '-s', 'quote.sig'];
    this.#tpm(
      'tpm2_quote',
      '-c',
      key,
      '-l',
      `sha256:${pcrs.join(',')}`,
      '-q',
      hex(qualifying),
      '-g',
      'sha256',
      ...files,
    );
    return { attest: this.#read('quote.msg'), signature: this.#read('quote.sig') };
  }

  pcr(index: number): Uint8Array {
    this.#tpm('tpm2_pcrread', `sha256:${index}`, '-o', 'pcr.bin');
    return this.#read('pcr.bin');
  }

  /** Signs time, not PCRs: a TPMS_ATTEST of another kind by the same key. */
  time(qualifying: Uint8Array): { attest: Uint8Array; signature: Uint8Array } {
    const files = ['--attestation', 'time.msg', '-o', 'time.sig'];
    this.#tpm('tpm2_gettime', '-c', attestationKey, '-q', hex(qualifying), '-g', 'sha256', ...files);
    return { attest: this.#read('time.msg'), signature: this.#read('time.sig') };
  }

  /** Has the attestation key sign bytes of the caller's. @throws when the TPM refuses. */
  sign(message: Uint8Array): Uint8Array {
    writeFileSync(this.#path('message'), message);
    // Without a ticket that says that the message does not start as the TPM's own do, a restricted key signs nothing.
    this.#tpm('tpm2_hash', '-C', 'e', '-g', 'sha256', '-o', 'message.digest', '-t', 'message.ticket', 'message');
    const hashed = ['-g', 'sha256', '-d', '-t', 'message.ticket', '-o', 'message.sig', 'message.digest'];
    this.#tpm('tpm2_sign', '-c', attestationKey, ...hashed);
    return this.#read('message.sig');
  }

  /** TPM2B_PUBLIC of the attestation key, or of an unrestricted signing key that `makeLooseKey` made. */
  public(name: 'ak' | 'loose' = 'ak'): Uint8Array {
    return this.#read(`${name}.pub`);
  }

  /** A signing key that signs anything it is given, whatever it says of itself. @returns how commands name it. */
  makeLooseKey(): string {
    this.#tpm('tpm2_createprimary', '-C', 'o', '-c', 'primary.ctx');
    // It has room for three objects, and tools leave theirs in it.
    this.#tpm('tpm2_flushcontext', '-t');
    const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign';
    this.#tpm(
      'tpm2_create',
      '-C',
      'primary.ctx',
      '-G',
      'ecc256:ecdsa-sha256',
      '-a',
      attributes,
      '-u',
      'loose.pub',
      '-r',
      'loose.priv',
    );
    this.#tpm('tpm2_flushcontext', '-t');
    this.#tpm('tpm2_load', '-C', 'primary.ctx', '-u', 'loose.pub', '-r', 'loose.priv', '-c', 'loose.ctx');
    this.#tpm('tpm2_readpublic', '-c', 'loose.ctx', '-f', 'pem', '-o', 'loose.pem');
    this.#tpm('tpm2_flushcontext', '-t');
    return 'loose.ctx';
  }

  /** Another certificate of the CA's key, under another name. */
  renamedRoot(): Uint8Array {
    const subject = ['-subj', '/CN=another name', '-days', '36500', '-sha256'];
    const usage = ['-addext', 'keyUsage=critical,keyCertSign', '-addext', 'basicConstraints=critical,CA:true'];
    const self = ['-x509', '-new', '-config', '/dev/null', '-key', 'root.key'];
    this.#run('openssl', 'req', ...self, ...subject, ...usage, '-out', 'renamed.pem');
    return this.#der('renamed.pem');
  }

  /** DER of the CA's own certificate. */
  get root(): Uint8Array {
    return this.#der('root.pem');
  }

  /**
   * Certifies a key.
   * @param extensions - lines of an OpenSSL extension file; those of an attestation key's certificate by default.
   * @param issuer - `root`, or a name given to {@link makeIntermediate}.
   */
  certificate(
    options: { key?: 'ak' | 'loose'; extensions?: readonly string[]; issuer?: string; days?: number } = {},
  ): Uint8Array {
    const { key = 'ak', extensions = attestationExtensions, issuer = 'root', days = 36_500 } = options;
    writeFileSync(this.#path('extensions'), `${extensions.join('\n')}\n`);
    const subject = ['-new', '-force_pubkey', `${key}.pem`, '-subj', '/CN=attestation key'];
    const signer = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-sha256', '-days', String(days)];
    this.#run('openssl', 'x509', ...subject, ...signer, '-extfile', 'extensions', '-out', 'certificate.pem');
    return this.#der('certificate.pem');
  }

  /** A CA below the root, or below another one. @returns its certificate. */
  makeIntermediate(name: string, extensions: readonly string[], issuer = 'root'): Uint8Array {
    this.#run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
    this.#run('openssl', 'pkey', '-in', `${name}.key`, '-pubout', '-out', `${name}.public`);
    writeFileSync(this.#path('extensions'), `${extensions.join('\n')}\n`);
    const subject = ['-new', '-force_pubkey', `${name}.public`, '-subj', `/CN=${name}`];
    const signer = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-sha256', '-days', '36500'];
    this.#run('openssl', 'x509', ...subject, ...signer, '-extfile', 'extensions', '-out', `${name}.pem`);
    return this.#der(`${name}.pem`);
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  #makeKeys(): void {
    this.#tpm('tpm2_createek', '-c', endorsementKey, '-G', 'ecc', '-u', 'ek.pub');
    const algorithms = ['-G', 'ecc', '-g', 'sha256', '-s', 'ecdsa'];
    this.#tpm('tpm2_createak', '-C', endorsementKey, '-c', 'ak.ctx', ...algorithms, '-u', 'ak.pub', '-n', 'ak.name');
    this.#tpm('tpm2_flushcontext', '-t');
    this.#tpm('tpm2_evictcontrol', '-c', 'ak.ctx', attestationKey);
    this.#tpm('tpm2_flushcontext', '-t');
    this.#tpm('tpm2_readpublic', '-c', attestationKey, '-f', 'pem', '-o', 'ak.pem');
  }

  /**
   * The CA certifies the key only after its TPM has opened a challenge that was sealed to endorsement key and key name: so
   * the CA knows that both are in one TPM. A CA for hardware would also check the manufacturer's certificate of the
   * endorsement key; swtpm has no manufacturer.
   */
  #makeAuthority(): void {
    writeFileSync(this.#path('secret'), 'a challenge of the CA');
    const name = hex(this.#read('ak.name'));
    this.#tpm('tpm2_makecredential', '-T', 'none', '-u', 'ek.pub', '-s', 'secret', '-n', name, '-o', 'credential');
    this.#tpm('tpm2_startauthsession', '--policy-session', '-S', 'session.ctx');
    this.#tpm('tpm2_policysecret', '-S', 'session.ctx', '-c', 'e');
    const credential = ['-i', 'credential', '-o', 'answer', '-P', 'session:session.ctx'];
    this.#tpm('tpm2_activatecredential', '-c', attestationKey, '-C', endorsementKey, ...credential);
    this.#tpm('tpm2_flushcontext', 'session.ctx');
    if (hex(this.#read('answer')) !== hex(this.#read('secret'))) throw new Error('the TPM did not open the challenge');
    this.#run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'root.key');
    const subject = ['-subj', '/CN=Coffer test attestation CA', '-days', '36500', '-sha256'];
    const usage = ['-addext', 'keyUsage=critical,keyCertSign', '-addext', 'basicConstraints=critical,CA:true'];
    // Without a configuration of the system's, which may add a second basicConstraints.
    this.#run(
      'openssl',
      'req',
      '-x509',
      '-new',
      '-config',
      '/dev/null',
      '-key',
      'root.key',
      ...subject,
      ...usage,
      '-out',
      'root.pem',
    );
  }

  #tpm(program: string, ...args: string[]): void {
    const env = { ...process.env, TPM2TOOLS_TCTI: `swtpm:path=${this.#path('sock')}`, TSS2_LOG: 'all+NONE' };
    execFileSync(program, args, { cwd: this.#folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #run(program: string, ...args: string[]): void {
    execFileSync(program, args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #der(pem: string): Uint8Array {
    return new Uint8Array(execFileSync('openssl', ['x509', '-in', pem, '-outform', 'der'], { cwd: this.#folder }));
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.#path(name)));
  }
}

/** What a certificate of an attestation key says. */
export const attestationExtensions = [
  'basicConstraints=critical,CA:false',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=2.23.133.8.3',
];
