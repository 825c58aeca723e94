import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ManifestEntry } from '@coffer/backup';
import { concat, fromHex, hex, u32be, utf8 } from '@coffer/base';
import { encodeHostReply, encodeHostRequest } from '@coffer/hsm';
import * as protocol from '@coffer/protocol';
import { noFaults, simulate } from '@coffer/testing';
import { encodeBundle, encodeCheckpoint, encodeConflict, encodeNote, encodePlexiMessage } from '@coffer/transparency';
import { encode, type Layout } from '@coffer/wire';
import { encodeLabel } from '../../packages/backup/dist/labels.js';
import { encodeEntry } from '../../packages/backup/dist/manifest.js';
import { encodeDeviceState } from '../../packages/client/dist/fleets/device-state.js';
import { emptyState, encodeClientState } from '../../packages/client/dist/state.js';
import { Nursery, type Unborn } from '../../packages/hsm/test/nursery.js';
import { encodeStored } from '../../packages/witness/dist/stored-checkpoint.js';
import { fuzzOrigin, fuzzVault } from './decoders.js';
import type { DecoderTarget } from './target.js';

const vectors = fileURLToPath(new URL('../../vectors', import.meta.url));
/** Seeds of one target at first, the shortest ones. */
const seedsMax = 24;

/**
 * Inputs that decode, for each target by name: every string of every test vector, as text, hexadecimal and base64; what
 * HSMs say in the life of a simulated fleet and at a birth, and the parts of it. The decoders themselves say which is which.
 */
export async function harvest(targets: readonly DecoderTarget[]): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
  const pool = new Map<string, Uint8Array>();
  const add = (bytes: Uint8Array): void => {
    if (bytes.length > 65_536) return;
    // One of a kind: the same length and beginning come from the same message with another signature in it.
    const kind = `${bytes.length} ${hex(bytes.subarray(0, 12))}`;
    if (!pool.has(kind)) pool.set(kind, bytes);
  };
  for (const bytes of vectorBytes()) add(bytes);
  for (const bytes of await fleetBytes()) add(bytes);
  for (const bytes of birthBytes()) add(bytes);
  for (const bytes of storedBytes()) add(bytes);
  const all = [...pool.values()].sort((a, b) => a.length - b.length);
  const padded = [...paddedBytes()];
  const seedsOf = (target: DecoderTarget): readonly Uint8Array[] => {
    const found: Uint8Array[] = [];
    for (const bytes of target.name.startsWith('vault-re') ? padded : all) {
      if (found.length < seedsMax && decodes(target, bytes)) found.push(bytes);
    }
    return found;
  };
  return new Map(targets.map((target) => [target.name, seedsOf(target)]));
}

function decodes({ decode }: DecoderTarget, bytes: Uint8Array): boolean {
  try {
    decode(bytes.slice());
    return true;
  } catch {
    return false;
  }
}

function* vectorBytes(): Generator<Uint8Array> {
  for (const name of readdirSync(vectors, { recursive: true })) {
    const path = String(name);
    if (path.endsWith('.md') || path.startsWith('fuzz') || !/\.json$|good.[0-9a-f]+$/.test(path)) continue;
    const content = readFileSync(join(vectors, path));
    yield new Uint8Array(content);
    for (const string of strings(parsed(content.toString('utf8')))) {
      yield utf8(string);
      if (/^([0-9a-f]{2})+$/.test(string)) yield fromHex(string);
      else if (/^[A-Za-z0-9+/_-]+=*$/.test(string)) yield new Uint8Array(Buffer.from(string, 'base64'));
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (value !== null && typeof value === 'object') for (const part of Object.values(value)) yield* strings(part);
}

/** What hosts and HSMs say to each other while somebody uses a vault, whole and in parts. */
async function fleetBytes(): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  await simulate({
    seed: 'fuzz',
    sites: 3,
    groups: 2,
    accounts: 2,
    calls: 4,
    faults: { agentCrash: 1, badNetwork: 1, siteCrash: 1 },
    mutate: (_, request, reply) => {
      found.push(encodeHostRequest({ id: 1, body: request }), encodeHostReply({ id: 1, body: reply }));
      return undefined;
    },
    onMessage: (message) => found.push(message.slice()),
  });
  await simulate({ seed: 'calm', sites: 1, groups: 1, accounts: 1, calls: 1, faults: noFaults });
  return [...found, ...found.flatMap(partsOf), ...found.flatMap(insideOf)];
}

/** The sealed request of a call, and the proof of an answer. */
function insideOf(bytes: Uint8Array): readonly Uint8Array[] {
  return [0, 2, 9].flatMap((at) => {
    const part = bytes.subarray(at);
    return [
      () => protocol.decodeVaultCall(part).request,
      () => protocol.encodeCommitProof(protocol.decodeVaultAnswer(part).proof),
    ].flatMap((read) => {
      try {
        return [read()];
      } catch {
        return [];
      }
    });
  });
}

/** Messages nest: what is inside of one stands behind a tag, a number or a length. */
function partsOf(bytes: Uint8Array): readonly Uint8Array[] {
  return [2, 5, 7, 9, 11].flatMap((at) => [bytes.subarray(at), bytes.subarray(at, -64)]).map((part) => part.slice());
}

/** What clients, witnesses and backups keep. */
function* storedBytes(): Generator<Uint8Array> {
  const client = encodeClientState(emptyState(fuzzVault));
  const { configHash } = fuzzVault.fleet;
  const place = { configHash, version: 3 };
  const device = encodeDeviceState({
    ...{ vaultId: fuzzVault.vaultId, trustRoot: new Uint8Array(4), trust: new Uint8Array(), otherVault: place },
    ...{ fleets: [{ descriptor: new Uint8Array(9), status: 'serving' }], home: configHash },
    ...{
      move: { wish: 'move', to: configHash, toVersion: 1, leaves: [place] },
      oldVaults: [{ ...place, isSuperseded: true }],
    },
  });
  yield client;
  for (const stored of [client, device]) yield stored.subarray(6, -32);
  const checkpoint = encodeCheckpoint({ origin: fuzzOrigin, size: 7, root: new Uint8Array(32) });
  const signatures = [{ name: 'coffer.example', id: new Uint8Array(4), signature: new Uint8Array(64) }];
  yield encodeStored(encodeNote({ text: checkpoint, signatures }));
  yield encodeConflict(12);
  const epoch = { suite: 1, namespace: 'coffer.fuzz.v1', timestampMs: 1_800_000_000_000, epoch: 3 } as const;
  yield encodePlexiMessage({ ...epoch, digest: new Uint8Array(32) });
  const node = new Uint8Array(32);
  const logged = { artifact: utf8('{}'), leaf: utf8('{}'), proof: utf8('proof') };
  const maturity = [{ ...logged, consistency: [node] }];
  yield encodeBundle({ ...logged, maturity, consistency: { fromSize: 3, hashes: [node, node] } });
  yield encodeLabel({ kind: 'head', generation: 1n, backupId: new Uint8Array(16), index: 0 });
  const sha256 = new Uint8Array(32);
  const common = { path: 'a/b', mode: 0o644, mtimeMs: 1_000 };
  const entries: ManifestEntry[] = [
    { type: 'folder', ...common },
    { type: 'file', ...common, size: 5, offset: 0, sha256 },
    { type: 'link', path: 'a/c', target: 'b' },
  ];
  for (const entry of entries) yield encodeEntry(entry).subarray(4);
  const attested = { configHash, hsm: 1, nonce: new Uint8Array(32), image: new Uint8Array(32), platform: 'fuzz' };
  yield encode(protocol.signedAttestationLayout, { statement: attested, signature: new Uint8Array(64) });
}

function* birthBytes(): Generator<Uint8Array> {
  const { hsm } = new Nursery({ count: 1 }).modules;
  const nursery = new Nursery({ count: 3 });
  const list = nursery.list();
  const made = nursery.generate(list);
  const one = <T>(layout: Layout<T>, value: T): Uint8Array => encode(layout, value);
  yield hsm.encodeBirthRequest({ id: 1, body: { type: 'birth.describe', nonce: list.plan.nonce } });
  yield hsm.encodeBirthRequest({ id: 2, body: { type: 'birth.generate', birth: list } });
  yield hsm.encodeBirthReply({ id: 2, body: made });
  yield one(protocol.birthListLayout, list);
  yield one(protocol.signedBirthAcceptanceLayout, made.acceptance);
  for (const description of list.descriptions) yield one(protocol.signedBirthDescriptionLayout, description);
  for (const share of made.shares) {
    yield one(protocol.signedFleetShareLayout, share);
    const body = { type: 'birth.accept', birth: list, descriptor: made.descriptor, share } as const;
    yield hsm.encodeBirthRequest({ id: 3, body });
  }
  yield hsm.encodeBirthReply({
    id: 4,
    body: nursery.call(nursery.hsms[0] as Unborn, { type: 'birth.describe', nonce: list.plan.nonce }),
  });
}

/** Requests and replies are padded inside of the channel, where nobody listens: any length and tag, filled with a pattern. */
function* paddedBytes(): Generator<Uint8Array> {
  const size = protocol.channelPlaintextBytes;
  for (let tag = 1; tag <= 24; tag++) {
    for (let length = 1; length <= 700; length++) {
      yield concat(u32be(length), Uint8Array.of(tag), new Uint8Array(length - 1), new Uint8Array(size)).subarray(
        0,
        size,
      );
    }
  }
}
