import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHistory, encodeHead, encodeHistory, HistoryRecorder, historyEdn, verifyHistory } from '@coffer/testing';
import { head, life, registration, Script, status, told } from './story.js';

const text = encodeHistory(told(life));

test('a history survives being written down', () => {
  const history = decodeHistory(text);
  assert.deepEqual(history, told(life));
  assert.equal(encodeHistory(history), text);
  assert.equal(verifyHistory(history).calls, life.length);
});

test('a fleet of one guess and one of ten have histories', () => {
  for (const budgetLimit of [1, 10])
    assert.equal(decodeHistory(encodeHead({ ...head, budgetLimit })).head.budgetLimit, budgetLimit);
});

test('its lines are as documented', () => {
  const script = new Script();
  script.call({ type: 'status' }, status('none', 0), 'phone', 'ann');
  script.begin({ type: 'erase', version: 0 }, 'laptop', 'ann').fail('not the leader');
  script.call({ type: 'erase', version: 0 }, '?', 'phone', 'ann');
  assert.deepEqual(encodeHistory(script.history()).split('\n'), [
    '{"type":"history","v":1,"clock":"virtual","budgetLimit":4,"origin":"test"}',
    '{"type":"invoke","call":0,"atMs":0,"process":"phone","account":"ann","request":{"type":"status"}}',
    '{"type":"ok","call":0,"atMs":1,"reply":{"type":"status","state":"none","version":0,"budgetMax":0,"budget":0,"failures":0,"resets":0}}',
    '{"type":"invoke","call":1,"atMs":2,"process":"laptop","account":"ann","request":{"type":"erase","version":0}}',
    '{"type":"fail","call":1,"atMs":3,"why":"not the leader"}',
    '{"type":"invoke","call":2,"atMs":4,"process":"phone","account":"ann","request":{"type":"erase","version":0}}',
    '{"type":"info","call":2,"atMs":5,"why":"lost"}',
    '',
  ]);
  assert.equal(
    historyEdn(script.history()),
    [
      '[{:index 0, :time 0, :type :invoke, :process 0, :f :status, :value ["ann" {:type :status}]}',
      '{:index 1, :time 1000000, :type :ok, :process 0, :f :status, :value ["ann" {:request {:type :status}, :reply {:type :status, :state :none, :version 0, :budgetMax 0, :budget 0, :failures 0, :resets 0}}]}',
      '{:index 2, :time 2000000, :type :invoke, :process 0, :f :erase, :value ["ann" {:type :erase, :version 0}]}',
      '{:index 3, :time 3000000, :type :fail, :process 0, :f :erase, :value ["ann" {:type :erase, :version 0}], :error "not the leader"}',
      '{:index 4, :time 4000000, :type :invoke, :process 0, :f :erase, :value ["ann" {:type :erase, :version 0}]}',
      '{:index 5, :time 5000000, :type :info, :process 0, :f :erase, :value ["ann" {:type :erase, :version 0}], :error "lost"}]',
      '',
    ]
      .join('\n ')
      .trimEnd()
      .concat('\n'),
  );
});

test('a process of the EDN form has one call at a time, and none after an unknown outcome', () => {
  const script = new Script();
  const first = script.begin({ type: 'status' });
  const second = script.begin({ type: 'status' });
  script.end(second, '?');
  script.end(first, status('none', 0));
  script.call({ type: 'status' }, status('none', 0));
  const processes = historyEdn(script.history()).match(/:process \d+/g);
  assert.deepEqual(
    processes,
    [0, 1, 1, 0, 0, 0].map((process) => `:process ${process}`),
  );
});

test('what is no history is refused, with the number of the line', () => {
  const lines = text.split('\n');
  const withLine = (line: string): string => [lines[0], line, ''].join('\n');
  const bad: Readonly<Record<string, string>> = {
    '': 'line 1',
    '{}\n': 'line 1: no history',
    [text.slice(0, -1)]: 'does not end',
    [`${JSON.stringify({ type: 'history', ...head, v: 2 })}\n`]: 'line 1: no history',
    [`${JSON.stringify({ type: 'history', ...head, budgetLimit: 0 })}\n`]: 'line 1: no history',
    [`${JSON.stringify({ type: 'history', ...head, budgetLimit: 11 })}\n`]: 'line 1: no history',
    [withLine('nonsense')]: 'line 2: no JSON object',
    [withLine('[]')]: 'line 2: no JSON object',
    [withLine('{"type":"noise","call":0,"atMs":0}')]: 'line 2: type noise',
    [withLine('{"type":"constructor","call":0,"atMs":0}')]: 'line 2: type constructor',
    [withLine('{"type":"info","call":-1,"atMs":0,"why":""}')]: 'line 2: call',
    [withLine('{"type":"info","call":0,"atMs":0}')]: 'line 2: why',
    [withLine('{"type":"info","call":0,"atMs":0,"why":"","more":1}')]: 'line 2: more',
    [withLine('{"type":"ok","call":0,"atMs":0}')]: 'line 2: reply',
    [withLine('{"type":"invoke","call":0,"atMs":0,"process":"p","account":"a","request":{"type":"erase"}}')]:
      'line 2: version',
    [withLine(
      '{"type":"invoke","call":0,"atMs":0,"process":"p","account":"a","request":{"type":"refill","authTicket":"secret"}}',
    )]: 'line 2: authTicket',
  };
  for (const [input, message] of Object.entries(bad)) {
    assert.throws(
      () => decodeHistory(input),
      (error: Error & { code: string }) => error.code === 'bad-history' && error.message.includes(message),
      JSON.stringify(input.slice(-120)),
    );
  }
});

test('a return belongs to one call that is under way', () => {
  const { events } = told(registration(1, 1, 2, 0));
  const verify = (some: typeof events) => () => verifyHistory({ head, events: some });
  assert.throws(verify(events.slice(1)), { code: 'bad-history' });
  assert.throws(verify([...events, ...events.slice(-1)]), { code: 'bad-history' });
  assert.throws(verify([...events, ...events.slice(0, 1)]), { code: 'bad-history' });
});

test('a copy of a message that is still waited for begins where that one does: either may be the one that was answered', () => {
  let nowMs = 0;
  const recorder = new HistoryRecorder(() => nowMs);
  const request = { type: 'status' } as const;
  const first = recorder.invoke('ann', 'vault', request);
  nowMs = 5;
  recorder.invoke('bob', 'vault', request);
  nowMs = 9;
  const copy = recorder.copy('a copy', 'vault', request, first.call);
  copy.info('no answer');
  assert.deepEqual(
    recorder.events.map((event) => [event.type, event.call, event.atMs]),
    [
      ['invoke', 0, 0],
      ['invoke', 2, 0],
      ['invoke', 1, 5],
      ['info', 2, 9],
    ],
  );
});
