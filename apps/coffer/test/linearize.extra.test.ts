import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHistory, encodeHistory, verifyHistory } from '@coffer/testing';
import { linearize } from './linearize/run.js';

const troubleMs = 8_000;

test('what clients of real processes hear is linearizable, while these are killed, frozen and cut off', async () => {
  const { report, history } = await linearize({ seed: 'slice', troubleMs, accounts: 2, callersPerAccount: 3 });
  assert.ok(report.ok, report.finding?.message);
  assert.ok(report.calls > 30, JSON.stringify(report));
  const { killed, frozen } = report.troubles;
  assert.ok(killed + frozen > 2, JSON.stringify(report.troubles));

  // The same history with one answer replaced is not: the check sees what was recorded here, not only what is written by hand.
  const at = history.events.findLastIndex((event) => event.type === 'ok' && event.reply.type === 'status');
  const event = history.events[at];
  assert.ok(event?.type === 'ok' && event.reply.type === 'status');
  const lie = { ...event, reply: { ...event.reply, version: event.reply.version + 1 } };
  const { head, events } = decodeHistory(encodeHistory(history));
  const forged = { head, events: events.with(at, lie) };
  assert.throws(() => verifyHistory(forged, { resends: true }), { code: 'not-linearizable' });
});
