import { isEd25519Signature } from '@coffer/crypto';
import { encode, fixed, type Layout, list, struct, u16, u64 } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import { type FleetDescriptor, memberById } from './fleet-descriptor.js';
import { type ConfigHash, configHashLayout, type EntryHash, entryHashLayout, labelledHash } from './ids.js';
import { fleetMembersMax } from './limits.js';
import { type Term, termLayout } from './term.js';

/** A place in a group's history. */
export interface Position {
  readonly index: bigint;
  readonly hash: EntryHash;
}

/** "In `term` I hold exactly this entry as my newest, and have persisted that." */
export interface Cap extends Position {
  readonly hsm: number;
  readonly group: number;
  readonly configHash: ConfigHash;
  readonly term: Term;
}

/** "I follow nobody below `t` any more; this is what I hold." (`Promise` is taken in JavaScript.) */
export interface TermPromise extends Position {
  readonly hsm: number;
  readonly group: number;
  readonly configHash: ConfigHash;
  readonly t: Term;
  /**
   * 32 bytes that t's leader drew when it promised t itself, and keeps in memory only. A leader whose state was put back
   * to before t draws another, so the promises to its earlier life cannot open t a second time.
   */
  readonly nonce: Uint8Array;
  readonly capTerm: Term;
}

/** A statement with its author's 64-byte Ed25519 signature. */
export interface Signed<S> {
  readonly statement: S;
  readonly signature: Uint8Array;
}

/** "I lead `t`; everybody starts from the greatest of these promises." */
export interface NewView {
  readonly group: number;
  readonly configHash: ConfigHash;
  readonly t: Term;
  readonly base: Position & { readonly capTerm: Term };
  readonly promises: readonly Signed<TermPromise>[];
}

const position = { index: u64, hash: entryHashLayout };

export const capLayout = struct<Cap>({
  hsm: u16,
  group: u16,
  configHash: configHashLayout,
  term: termLayout,
  ...position,
});
export const promiseLayout = struct<TermPromise>({
  hsm: u16,
  group: u16,
  configHash: configHashLayout,
  t: termLayout,
  nonce: fixed(32),
  capTerm: termLayout,
  ...position,
});
/** A statement, then 64 bytes of signature. */
export const signedLayout = <S>(statement: Layout<S>): Layout<Signed<S>> =>
  struct<Signed<S>>({ statement, signature: fixed(64) });
export const signedCapLayout = signedLayout(capLayout);
export const signedPromiseLayout = signedLayout(promiseLayout);
export const newViewLayout = struct<NewView>({
  group: u16,
  configHash: configHashLayout,
  t: termLayout,
  base: struct<NewView['base']>({ capTerm: termLayout, ...position }),
  promises: list(signedPromiseLayout, fleetMembersMax),
});
export const signedNewViewLayout = signedLayout(newViewLayout);

/** The bytes that an HSM signs for each kind of statement: no two kinds share a label. */
export const capMessage = (cap: Cap): Uint8Array => labelledHash('coffer/cap/v1', encode(capLayout, cap));
export const promiseMessage = (promise: TermPromise): Uint8Array =>
  labelledHash('coffer/promise/v1', encode(promiseLayout, promise));
export const newViewMessage = (view: NewView): Uint8Array =>
  labelledHash('coffer/new-view/v1', encode(newViewLayout, view));

/** @returns the promise. @throws ProtocolError `bad-statement` unless a member of this fleet signed it. */
export function verifyPromise(fleet: FleetDescriptor, promise: Signed<TermPromise>): TermPromise {
  return verifyBy(fleet, promise.statement.hsm, promiseMessage(promise.statement), promise);
}

/** @returns the cap. @throws ProtocolError `bad-statement` unless a member of this fleet signed it. */
export function verifyCap(fleet: FleetDescriptor, cap: Signed<Cap>): Cap {
  return verifyBy(fleet, cap.statement.hsm, capMessage(cap.statement), cap);
}

/** @returns the view. @throws ProtocolError `bad-statement` unless t's own leader signed it. Its promises are not checked. */
export function verifyNewViewSignature(fleet: FleetDescriptor, view: Signed<NewView>): NewView {
  return verifyBy(fleet, view.statement.t.leaderId, newViewMessage(view.statement), view);
}

function verifyBy<S extends { readonly configHash: ConfigHash; readonly group: number }>(
  fleet: FleetDescriptor,
  id: number,
  message: Uint8Array,
  { statement, signature }: Signed<S>,
): S {
  const author = memberById(fleet, id);
  if (author === undefined || !isEd25519Signature(author.key, message, signature)) {
    throw new ProtocolError('bad-statement', 'not signed by the member it names');
  }
  return statement;
}
