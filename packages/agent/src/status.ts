import type { Alarm } from './events.js';

/** One group as its agent sees it. Indexes and rounds are decimal, so that the whole is JSON. */
export interface GroupStatus {
  readonly group: number;
  readonly leading: boolean;
  /** Who leads as far as known; 0 when unknown. */
  readonly leaderId: number;
  /** Term that the own HSM captured in. */
  readonly term: { readonly round: string; readonly leaderId: number };
  /** Newest entry that the own HSM captured. */
  readonly index: string;
  /** Newest entry with a quorum certificate in the own replica. */
  readonly certifiedIndex: string;
  /** Newest entry in the own replica. */
  readonly replicaIndex: string;
}

/** JSON-able; nothing in it is secret. */
export interface AgentStatus {
  readonly fleetId: string;
  readonly configHash: string;
  readonly member: number;
  readonly site: string;
  readonly hsm: 'up' | 'down' | 'halted';
  /** What the HSM says it runs on; empty until it answered once. */
  readonly platform: string;
  readonly groups: readonly GroupStatus[];
  readonly alarms: readonly Alarm[];
}
