import { equalBytes } from '@coffer/base';
import { compareTerms, type NewView, type Signed, verifyNewViewSignature } from '@coffer/protocol';
import type { AgentContext } from './context.js';
import { logError } from './context.js';
import { AgentError } from './errors.js';
import { obtain } from './obtain.js';
import type { PeerReply, PeerRequest } from './peer-messages.js';
import { isHigher, type Site } from './site.js';
import { ledgerSource } from './sources.js';
import { type LogEntry, verifyLogEntry } from './stored-entry.js';

type Push = Extract<PeerRequest, { type: 'push' }>;
type Prepare = Extract<PeerRequest, { type: 'prepare' }>;

/**
 * Follows a leader: stores first, then lets the HSM adopt and capture, then answers with its caps. Runs in the site's lane.
 * @throws AgentError `missing-data` when entries before these cannot be had from a log; `refused` for what does not chain
 *   or is not signed; whatever replica and HSM throw. Nothing was captured then that is not stored.
 */
export async function followPush(context: AgentContext, site: Site, from: number, push: Push): Promise<PeerReply> {
  const { term, view, certificate } = push;
  if (term.leaderId !== from) throw new AgentError('refused', "another member's term");
  const entries = push.entries.map((bytes) => verifyLogEntry(context.fleet, site.group, bytes));
  // Only a leader's own entries: with those of older terms a liar could make us undo what our HSM has captured.
  if (entries.some(({ signed }) => compareTerms(signed.entry.term, term) !== 0))
    throw new AgentError('refused', 'another term');
  // One for an entry that is here is kept together with the entries, in one transaction.
  if (certificate !== undefined && !site.holds(certificate)) {
    site.learn(certificate);
    await obtain(context, site, certificate, { prefer: [from] });
  }
  let position = await site.inspect();
  if (certificate !== undefined && isHigher(certificate, position)) {
    site.learn(certificate);
    await site.align();
    position = await site.inspect();
  }
  if (compareTerms(position.promised, term) > 0) return { type: 'stale', promised: position.promised };
  const caps = [];
  if (compareTerms(position.capTerm, term) < 0) {
    if (view === undefined) return { type: 'view-needed' };
    caps.push(await adoptView(context, site, push, view));
    position = await site.inspect();
  } else {
    // Our HSM is on this leader's chain, so its entry is there to be had again if our replica has lost it.
    await obtain(context, site, position, { prefer: [from] });
  }
  await makeRoom(context, site, from, entries, position.index);
  site.store(entries, certificate);
  caps.push(...(await site.follow()));
  site.trim();
  return { type: 'followed', caps };
}

async function adoptView(context: AgentContext, site: Site, push: Push, view: Signed<NewView>) {
  const { group, t, base } = verifyNewViewSignature(context.fleet, view);
  if (group !== site.group || compareTerms(t, push.term) !== 0) throw new AgentError('refused', 'another view');
  await obtain(context, site, base, { prefer: [t.leaderId] });
  return site.adopt(view);
}

/** Makes room for new entries: gets what is missing before them, and undoes what is beside them unless our HSM captured it. */
async function makeRoom(
  context: AgentContext,
  site: Site,
  from: number,
  entries: readonly LogEntry[],
  captured: bigint,
): Promise<void> {
  const first = entries.find(({ signed, hash }) => !site.holds({ index: signed.entry.index, hash }));
  if (first === undefined) return;
  const { index, prevHash } = first.signed.entry;
  if (index <= captured) throw new AgentError('refused', 'another entry than the captured one');
  if (index > site.tip.index + 1n)
    await obtain(context, site, { index: index - 1n, hash: prevHash }, { prefer: [from] });
  if (index <= site.tip.index) site.rewind(index - 1n);
}

/** Has the HSM capture what the ledger holds, as far as it follows, and then promise. Runs in the site's lane. */
export async function followPrepare(
  context: AgentContext,
  site: Site,
  from: number,
  { t, nonce }: Prepare,
): Promise<PeerReply> {
  if (t.leaderId !== from) throw new AgentError('refused', "another member's term");
  const { promised } = await site.inspect();
  if (compareTerms(promised, t) >= 0) return { type: 'stale', promised };
  await captureLedgerTail(context, site);
  const promise = await site.promise(t, nonce);
  return 'type' in promise ? promise : { type: 'promised', promise };
}

/**
 * Stores what the ledger holds beyond our tip and has the HSM capture it in its current term, so that what a dead leader
 * appended last is in the new base. Best effort: what does not follow is left alone.
 */
export async function captureLedgerTail(context: AgentContext, site: Site): Promise<void> {
  try {
    const ledger = ledgerSource(context, site.group);
    for (;;) {
      const { index, hash } = site.tip;
      const entries = await ledger.entries(index + 1n);
      const first = entries[0];
      if (first === undefined || !equalBytes(first.signed.entry.prevHash, hash)) break;
      site.store(entries);
    }
  } catch (cause) {
    logError(context, site.group, 'ledger tail', cause);
  }
  try {
    await site.align();
  } catch (cause) {
    if (cause instanceof AgentError && cause.code === 'hsm-unavailable') throw cause;
    logError(context, site.group, 'align', cause);
  }
}
