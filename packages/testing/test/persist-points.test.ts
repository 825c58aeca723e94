import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashAtEach, noFaults, persistPlaces, persistPointsOf, type Scenario, type SimReport } from '@coffer/testing';

/** Small, so that all of its writes can be died at; `npm run sim -- --calm --every-write` does so for any other. */
const scenario: Scenario = { seed: 'writes', sites: 3, groups: 1, accounts: 1, calls: 1, faults: noFaults };
const slice = 3;

test('a death at each kind of durable write, on either side, is survived', async () => {
  const points = await persistPointsOf(scenario);
  const chosen = persistPlaces.flatMap((place) => {
    const own = points.filter((point) => point.place === place);
    assert.ok(own.length >= slice, `${own.length} writes of ${place}`);
    // Every few, both sides in turn, the last ones among them.
    const step = Math.floor((own.length - 1) / slice) | 1;
    return own.filter((_, i) => (own.length - 1 - i) % step === 0).slice(0, slice);
  });
  const reports: SimReport[] = [];
  for await (const report of crashAtEach(scenario, chosen)) reports.push(report);
  assert.equal(reports.length, persistPlaces.length * slice);
  // A schedule in which nobody died would be the first one again.
  const hashes = new Set(reports.map(({ traceHash }) => traceHash));
  assert.equal(hashes.size, reports.length);
});
