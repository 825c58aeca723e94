import type { FailingWindow } from './failing-window.js';
import type { TimedCall } from './search.js';
import type { CallReply, CallRequest, VaultCall } from './vault-call.js';
import type { VaultModel } from './vault-model.js';

/** The smallest part of a history that no order explains, for a person to read. */
export function describeWindow(account: string, window: FailingWindow<VaultModel, VaultCall>): string {
  const { last, before, calls, loose } = window;
  return [
    `${account}: no order of these calls explains the answers`,
    ...(before === undefined
      ? ['before them the vault can be in many states']
      : before.map((state) => `before: ${describeVault(state)}`)),
    ...loose.map((timed) => `earlier, outcome unknown: ${describeCall(timed)}`),
    ...calls.map((timed) => `${timed.call === last.call ? '>>' : '  '} ${describeCall(timed)}`),
  ].join('\n');
}

/** The state of a vault in one line. */
export function describeVault({ state, version, resets, live, pending, openAttempts }: VaultModel): string {
  const failures = openAttempts.length;
  const parts = [
    `${state}, version ${version}, resets ${resets}`,
    ...(live === undefined ? [] : [`budget ${live.budgetMax - failures} of ${live.budgetMax}`]),
    ...(live?.password === undefined ? [] : [`password ${short(live.password)}`]),
    ...openAttempts.map((ke1) => `open ${short(ke1)}`),
    ...(pending === undefined ? [] : [`pending ${short(pending.ticketId)}`]),
  ];
  return parts.join(', ');
}

function describeCall({ call, returned }: TimedCall<VaultCall>): string {
  const { id, process, request, reply, invokedMs, returnedMs } = call;
  const isHeard = returned !== undefined && reply !== undefined;
  const until = isHeard ? (returnedMs ?? 0).toFixed(1) : '';
  const when = `${invokedMs.toFixed(1).padStart(9)} .. ${until.padEnd(9)}`;
  const what = `${describeMessage(request)} -> ${isHeard ? describeMessage(reply) : '?'}`;
  return `${when} #${String(id).padEnd(5)} ${process.padEnd(10)} ${what}`;
}

function describeMessage({ type, ...fields }: CallRequest | CallReply): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name} ${shown(value)}`);
  return parts.length === 0 ? type : `${type} (${parts.join(', ')})`;
}

const shown = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(shown).join(' ')}]` : typeof value === 'string' ? short(value) : String(value);
const short = (name: string): string => name.slice(0, 6);
