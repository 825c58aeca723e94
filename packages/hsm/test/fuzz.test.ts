import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, equalBytes, fromHex, hex, u32be, utf8 } from '@coffer/base';
import { hpkeSetupSender } from '@coffer/crypto';
import type { HostReply, HostRequest } from '@coffer/hsm';
import {
  associatedData,
  channelPlaintextBytes,
  decodeCommitProof,
  decodeFleetDescriptor,
  decodeSealedRequest,
  decodeVaultAnswer,
  decodeVaultCall,
  decodeVaultReply,
  encodeCommitProof,
  encodeVaultAnswer,
  encodeVaultRequest,
  groupOf,
  openReply,
  type VaultRequest,
  verifyCommitProof,
} from '@coffer/protocol';
import { PartialTree, TreeError } from '@coffer/tree';
import { WireError } from '@coffer/wire';
import { Bench, type BenchOptions } from './bench.js';
import { VaultUser } from './vault-user.js';

/** What a run is made of; raise for a longer one. */
const seeds = [1];
const mutantsPerFrame = 12;
const sealedMutants = 120;
const decoderMutants = 1_500;

/** Repeatable choices (mulberry32). Only for tests. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const extremes = ['00', 'ff', '7f', '80', '0000', 'ffff', '00000000', 'ffffffff', '7fffffff', '00000101', '80000000'];

/** Another byte string that is still close to `bytes`; what precedes `from` stays. */
function mutated(dice: Dice, bytes: Uint8Array, from = 0): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let edits = 1 + dice.below(3); edits > 0; edits--) {
    // Half of the edits hit the first bytes, where tags, counts, groups and terms are.
    const span = Math.max(1, dice.below(2) === 0 ? Math.min(96, out.length - from) : out.length - from);
    const at = Math.min(out.length, from + dice.below(span));
    const length = dice.pick([1, 2, 4, 8, 32, 64]);
    const [head, tail] = [out.subarray(0, at), out.subarray(at)];
    const extreme = fromHex(dice.pick(extremes));
    out = dice.pick([
      () => concat(head, Uint8Array.of((tail[0] ?? 0) ^ (1 << dice.below(8))), tail.subarray(1)),
      () => concat(head, extreme, tail.subarray(extreme.length)),
      () => concat(head, dice.bytes(length), tail.subarray(length)),
      () => concat(head, tail.subarray(length)),
      () => concat(head, dice.bytes(length), tail),
      () => concat(head, tail.subarray(0, length), tail),
      () => concat(out.subarray(0, at), new Uint8Array(Math.min(length, tail.length)), tail.subarray(length)),
      () => out.subarray(0, Math.max(from, at)),
    ])();
  }
  return out;
}

/** A bench whose HSMs get mutants of every frame before the frame itself. */
class FuzzedBench extends Bench {
  dice: Dice | undefined;
  tried = 0;
  refused = 0;

  constructor(seed: number, options: BenchOptions) {
    super(options);
    this.dice = new Dice(seed);
  }

  override call(id: number, body: HostRequest): HostReply {
    if (this.dice !== undefined && body.type !== 'describe' && body.type !== 'inspect') {
      const { encodeHostRequest } = this.modules.hsm;
      const frame = encodeHostRequest({ id: 7, body });
      // The signature of a base entry is not looked at, its hash is: a mutant there would be as good as the frame itself.
      const fixedTail = body.type === 'new-view' && body.base !== undefined ? 64 : 0;
      const [open, tail] = [frame.subarray(0, frame.length - fixedTail), frame.subarray(frame.length - fixedTail)];
      for (let i = 0; i < mutantsPerFrame; i++) this.#attempt(id, frame, concat(mutated(this.dice, open, 5), tail));
      // The same fields read as another request; a promise would be granted, and is fuzzed where one is due.
      const tag = 1 + this.dice.below(10);
      if (tag !== 3) this.#attempt(id, frame, concat(frame.subarray(0, 4), Uint8Array.of(tag), frame.subarray(5)));
    }
    return super.call(id, body);
  }

  /** All that an HSM shows of itself, and what it persisted. */
  portrait(id: number): string {
    const groups = Array.from({ length: this.fleet.groups }, (_, group) => super.call(id, { type: 'inspect', group }));
    const shown = JSON.stringify(groups, (_, value) =>
      typeof value === 'bigint' ? `${value}` : value instanceof Uint8Array ? hex(value) : value,
    );
    return `${shown} ${hex(this.member(id).nvram.load() ?? new Uint8Array())}`;
  }

  #attempt(id: number, real: Uint8Array, frame: Uint8Array): void {
    if (equalBytes(real, frame)) return;
    const { decodeHostReply, decodeHostRequest, encodeHostRequest } = this.modules.hsm;
    const member = this.member(id);
    const before = this.portrait(id);
    const stored = member.nvram.load() as Uint8Array;
    const [answer] = member.hsm.step([frame]);
    const { body } = decodeHostReply(answer as Uint8Array);
    this.tried++;
    assert.equal(member.hsm.halted, false, `halted by ${hex(frame)}: ${String(member.hsm.haltCause)}`);
    if (body.type === 'promised') {
      // The one request that needs no proof. It must have raised a term, and nothing else; the host undoes it.
      this.#undo(id, stored);
      return;
    }
    if (body.type === 'refused') {
      this.refused++;
      if (body.code !== 'bad-request') assert.ok(equalBytes(encodeHostRequest(decodeHostRequest(frame)), frame));
    } else if (body.type === 'executed') {
      assert.equal(body.entry, undefined, `executed: ${hex(frame)}`);
    } else {
      assert.ok(body.type === 'captured' || body.type === 'inspected' || body.type === 'described', body.type);
    }
    assert.equal(this.portrait(id), before, `changed by ${hex(frame)}`);
  }

  #undo(id: number, stored: Uint8Array): void {
    const { nvram } = this.member(id);
    nvram.persist(stored);
    this.restart(id);
  }
}

/** Everything that a host asks of HSMs, in the life of one account. */
async function life(bench: FuzzedBench): Promise<void> {
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax: 3 });
  await ann.guess('wrong');
  const { authTicket } = await ann.unlock('right');
  assert.ok(authTicket !== undefined);
  ann.expect('refilled', { type: 'refill', authTicket });
  // Site 1 is away: 2 leads, 1 comes back by a jump, 3 by the log.
  bench.lead(2, [2, 3], groupOf(ann.vaultId, bench.fleet.groups));
  const { entry, leaves } = bench.execute([bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)], {
    group: groupOf(ann.vaultId, bench.fleet.groups),
  });
  assert.ok(entry !== undefined);
  bench.apply(entry.entry.group, entry, leaves);
  const { certificate } = bench.commit(entry, [2, 3]);
  bench.ask(1, 'captured', { type: 'jump', certificate });
  await ann.register('next', { budgetMax: 2 });
  bench.lead(3, [1, 2, 3], groupOf(ann.vaultId, bench.fleet.groups));
  assert.equal(ann.status().budget, 2);
  ann.expect('erasure-receipt', { type: 'erase', version: 2 });
}

for (const seed of seeds) {
  test(`fuzz: mutated frames halt nothing and change nothing, seed ${seed}`, async () => {
    const bench = new FuzzedBench(seed, { seed: `fuzz ${seed}`, groups: 1 });
    await life(bench);
    assert.ok(bench.refused > 300, `${bench.refused} of ${bench.tried} refused`);
  });

  test(`fuzz: mutated requests of a client halt nothing, seed ${seed}`, async () => {
    const dice = new Dice(seed);
    const bench = new Bench({ seed: `fuzz sealed ${seed}` });
    bench.lead(1);
    const ann = new VaultUser(bench, 'ann');
    await ann.register('right', { budgetMax: 10 });
    const next = await ann.begin('next');
    const { authTicket } = await ann.unlock('right');
    const { ke1 } = ann.ke1('right').request;
    const requests: VaultRequest[] = [
      { type: 'status' },
      { type: 'register.start', blinded: ke1.slice(0, 32), authTicket },
      next.finish,
      { type: 'register.confirm', version: 1, confirmSecret: dice.bytes(32) },
      { type: 'register.abandon', ticketId: dice.bytes(32) },
      { type: 'recover.start', ke1 },
      { type: 'recover.finish', ke3: dice.bytes(64) },
      { type: 'refill', authTicket: authTicket ?? new Uint8Array() },
      { type: 'erase', version: 7 },
    ];
    for (let i = 0; i < sealedMutants; i++) {
      const plaintext = encodeVaultRequest(dice.pick(requests));
      // The value only, or length and padding as well.
      const inner = mutated(dice, plaintext, dice.below(4) === 0 ? 0 : 4);
      const padded = concat(inner, new Uint8Array(channelPlaintextBytes)).subarray(0, channelPlaintextBytes);
      const { enc, context } = hpkeSetupSender(bench.fleet.channelKey, utf8('coffer/channel/v1'), bench.entropy);
      const sealed = concat(Uint8Array.of(1), enc, context.seal(associatedData(ann.vault), padded));
      bench.send(ann.vaultId, sealed);
      const outside = mutated(dice, sealed);
      if (!equalBytes(outside, sealed) && outside.length <= 2_304) {
        assert.equal(bench.send(ann.vaultId, outside), undefined, `opened: ${hex(outside)}`);
      }
      assert.equal(bench.member(1).hsm.halted, false, hex(padded));
    }
  });

  test(`fuzz: what a client and a tree open is canonical or refused, seed ${seed}`, async () => {
    const dice = new Dice(seed);
    const bench = new Bench({ seed: `fuzz decoders ${seed}` });
    bench.lead(1);
    const users = ['ann', 'bob', 'cid', 'dot'].map((name) => new VaultUser(bench, name));
    for (const user of users) user.status();
    const [ann] = users as [VaultUser];
    const request = ann.seal({ type: 'status' });
    const answer = bench.send(ann.vaultId, request.sealed);
    assert.ok(answer !== undefined);
    const proof = bench.proof(
      0,
      users.map((user) => bench.item(user.vaultId, new Uint8Array())),
    );
    const root = bench.entries[0]?.at(-1)?.entry.root as Uint8Array;
    const body = encodeVaultAnswer(answer);
    const commitProof = encodeCommitProof(answer.proof);
    for (let i = 0; i < decoderMutants; i++) {
      refusesOr(() => {
        const bytes = mutated(dice, commitProof);
        const value = decodeCommitProof(bytes);
        assert.ok(equalBytes(encodeCommitProof(value), bytes));
        if (!equalBytes(bytes, commitProof))
          assert.throws(() => verifyCommitProof(bench.fleet, 0, answer.reply, value));
      });
      refusesOr(() => {
        const bytes = mutated(dice, body);
        assert.ok(equalBytes(encodeVaultAnswer(decodeVaultAnswer(bytes)), bytes));
      });
      refusesOr(() => {
        const bytes = mutated(dice, proof);
        const tree = PartialTree.open(bytes, root);
        assert.ok(equalBytes(bytes, proof), `a second proof of one root: ${hex(bytes)}`);
        assert.ok(equalBytes(tree.encodeProof(), bytes));
      });
      refusesOr(() => decodeVaultReply(mutated(dice, concat(u32be(60), dice.bytes(60), new Uint8Array(960)))));
      refusesOr(() => decodeVaultCall(dice.bytes(dice.below(200))));
      refusesOr(() => decodeSealedRequest(mutated(dice, request.sealed)));
      refusesOr(() => openReply(ann.vault, request, mutated(dice, answer.reply)));
      refusesOr(() => decodeFleetDescriptor(mutated(dice, utf8('{"budgetLimit":10,"fleetId":"00","groups":1}'))));
    }
  });
}

/** Malformed input is a coded error and nothing else. */
function refusesOr(open: () => unknown): void {
  try {
    open();
  } catch (cause) {
    if (cause instanceof WireError || cause instanceof TreeError) return;
    if ((cause as { name?: string }).name === 'ProtocolError') return;
    throw cause;
  }
}
