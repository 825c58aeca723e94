import { budgetLimitMax } from '@coffer/protocol';
import { SimulationError } from '../errors.js';
import type { History, HistoryEvent, HistoryHead } from './history.js';

/** Kinds of fields; with `?` they may be absent. */
type Kind = 'count' | 'text' | 'name' | 'name?' | 'names' | 'state' | 'time';

const version = { version: 'count' } as const;
const requests: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  status: {},
  'register.start': { authTicket: 'name?' },
  'register.finish': {
    registration: 'name',
    bytes: 'name',
    budgetMax: 'count',
    confirm: 'name',
    payload: 'name',
    password: 'name?',
  },
  'register.confirm': { ...version, confirm: 'name' },
  'register.abandon': { ticketId: 'name' },
  'recover.start': { ke1: 'name', password: 'name?' },
  'recover.finish': { ke1: 'name', ...version, password: 'name?' },
  refill: { authTicket: 'name' },
  erase: version,
};
const left = { budget: 'count', failures: 'count' } as const;
const replies: typeof requests = {
  status: { state: 'state', ...version, budgetMax: 'count', ...left, resets: 'count', pending: 'name?' },
  'register.started': { registration: 'name', ticketId: 'name' },
  'register.finished': version,
  'register.confirmed': { ...version, budget: 'count', resets: 'count' },
  'register.abandoned': {},
  'recover.started': { ...version, ...left },
  recovered: { payload: 'name', ...version, budget: 'count', openAttempts: 'names', authTicket: 'name?' },
  refilled: { budget: 'count' },
  'erasure-receipt': version,
  'not-registered': {},
  'wrong-secret': { budget: 'count' },
  destroyed: version,
  erased: version,
  'stale-ticket': {},
  limit: {},
};
const events: typeof requests = {
  invoke: { call: 'count', atMs: 'time', process: 'text', account: 'text' },
  ok: { call: 'count', atMs: 'time' },
  fail: { call: 'count', atMs: 'time', why: 'text' },
  info: { call: 'count', atMs: 'time', why: 'text' },
};

/** One JSON object a line: the head, then the events. */
export function encodeHistory({ head, events }: History): string {
  return [encodeHead(head), ...events.map(encodeEvent)].join('');
}

export const encodeHead = (head: HistoryHead): string => `${JSON.stringify({ type: 'history', ...head })}\n`;
export const encodeEvent = (event: HistoryEvent): string => `${JSON.stringify(event)}\n`;

/** @throws SimulationError `bad-history`, with the number of the line. */
export function decodeHistory(text: string): History {
  const [first = '', ...rest] = text.split('\n');
  if (rest.pop() !== '') throw bad(rest.length + 1, 'the last line does not end');
  return { head: decodeHead(first), events: rest.map((line, i) => decodeEvent(line, i + 2)) };
}

function decodeHead(line: string): HistoryHead {
  const { type, ...head } = parse(line, 1);
  const { v, clock, budgetLimit, origin, ...others } = head;
  const isHead =
    type === 'history' &&
    v === 1 &&
    (clock === 'virtual' || clock === 'monotonic') &&
    is('count', budgetLimit) &&
    (budgetLimit as number) >= 1 &&
    (budgetLimit as number) <= budgetLimitMax &&
    is('text', origin) &&
    Object.keys(others).length === 0;
  if (!isHead) throw bad(1, 'no history, or of another version');
  return head as unknown as HistoryHead;
}

function decodeEvent(line: string, number: number): HistoryEvent {
  const { request, reply, ...event } = parse(line, number);
  check(event, events, number);
  if ((event.type === 'invoke') !== (request !== undefined)) throw bad(number, 'request');
  if ((event.type === 'ok') !== (reply !== undefined)) throw bad(number, 'reply');
  if (request !== undefined) check(request, requests, number);
  if (reply !== undefined) check(reply, replies, number);
  return JSON.parse(line) as HistoryEvent;
}

function check(value: unknown, kinds: typeof requests, number: number): void {
  if (typeof value !== 'object' || value === null) throw bad(number, 'no object');
  const { type, ...fields } = value as Record<string, unknown>;
  const wanted = typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (wanted === undefined) throw bad(number, `type ${String(type)}`);
  for (const field of Object.keys(fields)) if (!Object.hasOwn(wanted, field)) throw bad(number, field);
  for (const [field, kind] of Object.entries(wanted)) if (!is(kind, fields[field])) throw bad(number, field);
}

function is(kind: Kind, value: unknown): boolean {
  if (kind.endsWith('?') && value === undefined) return true;
  switch (kind) {
    case 'count':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'time':
      return typeof value === 'number' && Number.isFinite(value) && value >= 0;
    case 'state':
      return value === 'none' || value === 'live' || value === 'destroyed' || value === 'erased';
    case 'name':
    case 'name?':
      return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
    case 'names':
      return Array.isArray(value) && value.every((one) => is('name', one));
    case 'text':
      return typeof value === 'string';
  }
}

function parse(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw bad(number, 'no JSON object');
}

const bad = (line: number, what: string): SimulationError =>
  new SimulationError('bad-history', `line ${line}: ${what}`);
