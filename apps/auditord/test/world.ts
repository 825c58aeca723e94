import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { concat, hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import { decodeFleetDescriptor, encodeFleetDescriptor, type FleetId } from '@coffer/protocol';
import {
  artifactDigest,
  type Checkpoint,
  cosignCheckpoint,
  encodeArtifact,
  encodeConflict,
  encodeSignatureLines,
  encodeTrustRoot,
  noteKey,
  noteSigner,
  signTrustRoot,
  stepWitness,
  type TrustRoot,
} from '@coffer/transparency';

export const namespace = 'example.encrypted_backups.fleet_keys.v1';
const origin = 'log.example/fleet-keys';
export const seedOf = (name: string): Uint8Array => sha256(utf8(`coffer auditord test seed: ${name}`));
const keyOf = (name: string): Uint8Array => ed25519PublicKey(seedOf(name));

/** A witness behind a real socket: what it decides is transparency's own step. */
export class HttpWitness {
  readonly signer;
  /** Every checkpoint that it cosigned, in order. */
  readonly cosigned: Checkpoint[] = [];
  readonly #server: Server;
  url = '';

  constructor(name: string) {
    this.signer = noteSigner(`witness.example/${name}`, 'witness', seedOf(name));
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const answer = stepWitness(concat(...chunks), trustRoot([]).policy.logs, () => this.cosigned.at(-1));
      if (answer.status === 409) response.writeHead(409).end(encodeConflict(answer.size));
      else if (answer.status !== 200) response.writeHead(answer.status).end();
      else {
        this.cosigned.push(answer.latest);
        const line = cosignCheckpoint(answer.text, this.signer, Math.floor(Date.now() / 1000));
        response.end(encodeSignatureLines([line]));
      }
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export function trustRoot(witnesses: readonly HttpWitness[]): TrustRoot {
  const listed = witnesses.map(({ signer, url }, i) => ({
    name: `w${i}`,
    key: noteKey(signer.name, 'witness', signer.key),
    url,
  }));
  return {
    version: 1,
    namespace,
    origin,
    rootKeys: { threshold: 1, keys: [keyOf('root')] },
    auditors: [keyOf('auditor')],
    operators: [keyOf('operator')],
    policy: { logs: [{ key: noteKey(origin, 'log', keyOf('log')) }], witnesses: listed, groups: [], quorum: 'w0' },
    ceremony: { threshold: 0, witnesses: [] },
    rebuilders: { threshold: 0, keys: [] },
    revocations: [],
  };
}

/** A fleet of one HSM, and its evidence, which is one file. */
export function fleetOf(name: string) {
  const bytes = encodeFleetDescriptor({
    fleetId: sha256(utf8(`fleet ${name}`)).slice(0, 16) as FleetId,
    quorum: 1,
    rollbackTolerance: 0,
    groups: 1,
    budgetLimit: 10,
    // No two fleets share a key.
    channelKey: concat(...Array.from({ length: 38 }, (_, i) => sha256(utf8(`channel ${name} ${i}`)))),
    opaqueKey: sha256(utf8(`opaque ${name}`)),
    members: [{ id: 1, site: 'site-1', key: keyOf(`hsm ${name}`) }],
  });
  const index = utf8(`evidence of ${name}`);
  return { descriptor: decodeFleetDescriptor(bytes), evidence: sha256(index), index };
}

/** The artifacts of the first epochs, each with one fleet more than the one before. */
export function artifacts(
  count: number,
): readonly { readonly artifact: Uint8Array; readonly evidence: Uint8Array[] }[] {
  const fleets = Array.from({ length: count }, (_, i) => fleetOf(`F${i}`));
  let before: Uint8Array | undefined;
  return fleets.map((_, i) => {
    const listed = fleets.slice(0, i + 1);
    const artifact: Uint8Array = encodeArtifact({
      namespace,
      epoch: i + 1,
      ...(before === undefined ? {} : { previous: artifactDigest(before) }),
      fleets: listed.map(({ descriptor, evidence }) => ({ descriptor, evidence, status: 'serving' as const })),
    });
    before = artifact;
    return { artifact, evidence: listed.map(({ index }) => index) };
  });
}

/** Writes seeds, trust root and configuration into `folder`. @returns the configuration. */
export function writeConfig(folder: string, root: TrustRoot, port: number, changes: Record<string, unknown> = {}) {
  const signature = signTrustRoot(root, seedOf('root'), keyOf('root'));
  writeFileSync(join(folder, 'root.json'), encodeTrustRoot({ trustRoot: root, signatures: [signature] }));
  for (const name of ['auditor', 'log']) {
    writeFileSync(join(folder, `${name}.seed`), `${hex(seedOf(name))}\n`, { mode: 0o600 });
    chmodSync(join(folder, `${name}.seed`), 0o600);
  }
  const config = {
    store: 'store',
    auditorKeys: [{ seed: 'auditor.seed', notBeforeMs: 1_800_000_000_000 }],
    namespaces: [{ trustRoot: 'root.json', logKeys: ['log.seed'] }],
    listen: { port },
    log: { file: 'auditord.log', level: 'debug' },
    ...changes,
  };
  writeFileSync(join(folder, 'auditord.json'), JSON.stringify(config));
  return join(folder, 'auditord.json');
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
