import type { Clock } from '@coffer/base';
import type { NoteSigner } from '@coffer/transparency';
import type { AuditLog } from './log/audit-log.js';
import type { TrustRoots } from './log/trust-roots.js';
import type { LoggedEpochs } from './logged-epochs.js';
import type { AuditorEvent, EvidenceCheck, Witnesses } from './ports.js';
import type { AuditorKey } from './signing-keys.js';
import type { GuardedStore } from './store/guarded-store.js';
import type { Turns } from './turns.js';

export interface AuditedNamespaceOptions {
  /** Bytes of the first trust root. */
  readonly trustRoot: Uint8Array;
  readonly logSigners: readonly NoteSigner[];
  readonly isDisabled: boolean;
  readonly auditorKeys: readonly AuditorKey[];
  readonly store: GuardedStore;
  readonly evidence: EvidenceCheck;
  readonly witnesses: Witnesses;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly onEvent: (event: AuditorEvent) => void;
}

/** What the parts of an open namespace share. */
export interface NamespaceParts extends AuditedNamespaceOptions {
  readonly namespace: string;
  readonly roots: TrustRoots;
  readonly log: AuditLog;
  readonly epochs: LoggedEpochs;
}
