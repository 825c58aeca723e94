/** Why a group needs a person: it does not go on, or not safely, by itself. */
export type AlarmCode =
  /** The entry or snapshot at `index` is needed and held by nobody reachable. */
  | 'missing-data'
  /** The replica's bytes do not match what the fleet certified, and were set aside. */
  | 'replica-damaged'
  /** This HSM lost its state, halted, or is of another fleet. */
  | 'hsm-halted'
  /** The ledger holds rows that no member signed or that contradict a certificate. */
  | 'ledger-forked';

/** A standing condition, cleared by itself when it no longer holds. */
export interface Alarm {
  readonly group: number;
  readonly code: AlarmCode;
  /** Decimal entry index, where one is concerned. */
  readonly index: string | undefined;
  /** For people; no secret, no account. */
  readonly message: string;
}

/** What an agent tells its log. Labels only: no request, no reply, no vault. */
export type AgentEvent =
  | { readonly type: 'leading'; readonly group: number; readonly round: string; readonly baseIndex: string }
  | { readonly type: 'stepped-down'; readonly group: number; readonly reason: StepDownReason }
  | { readonly type: 'committed'; readonly group: number; readonly index: string; readonly requests: number }
  | { readonly type: 'takeover-failed'; readonly group: number; readonly reason: string }
  | { readonly type: 'caught-up'; readonly group: number; readonly index: string; readonly how: 'entries' | 'snapshot' }
  | { readonly type: 'ledger-repaired'; readonly group: number; readonly fromIndex: string; readonly toIndex: string }
  | { readonly type: 'rewound'; readonly group: number; readonly toIndex: string }
  | { readonly type: 'alarm'; readonly alarm: Alarm }
  | { readonly type: 'alarm-cleared'; readonly group: number; readonly code: AlarmCode }
  | { readonly type: 'error'; readonly group: number | undefined; readonly during: string; readonly code: string };

/** Why a leader stopped leading. */
export type StepDownReason =
  | 'renewed'
  | 'lease-lost'
  | 'fenced'
  | 'conflict'
  | 'hsm'
  | 'no-quorum'
  | 'replica'
  | 'ledger'
  | 'stood-aside'
  | 'stopped';
