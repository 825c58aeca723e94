import type { ConfigHash, VaultStatus } from '@coffer/protocol';

/** Something the person should be told. None of them stops an operation. */
export type Warning =
  /**
   * The vault has a version that this device neither confirmed nor unlocked: somebody registered or erased in between.
   * `knownVersion` is 0, and the warning expected, on a device that has confirmed and unlocked none yet.
   */
  | { readonly type: 'unknown-version'; readonly version: number; readonly knownVersion: number }
  /** Secrets replaced without knowledge of the old one, that this device did not do itself. */
  | { readonly type: 'foreign-resets'; readonly count: number }
  /** Failed attempts since the last grant that this device did not make. */
  | { readonly type: 'foreign-failures'; readonly count: number }
  /** A registration that this device did not start waits for its confirm. */
  | { readonly type: 'foreign-pending' }
  /** This device started a registration and has not finished it: `resume` or `abandon`. */
  | { readonly type: 'unfinished-registration' }
  /** This device owes an erasure that is not receipted yet: call `erase` again. */
  | { readonly type: 'owed-erasure' }
  /** One guess left: offer the other methods before it is used. */
  | { readonly type: 'last-guess' }
  | FleetWarning;

/** About fleets and what is known of them; only from a `BackupVault`. */
export type FleetWarning =
  /** No checkpoint was verified for seven days: nothing is registered, and a revocation may be unknown here. */
  | { readonly type: 'old-trust'; readonly ageMs: number }
  /** The service offered a validation bundle that does not hold, or none. `code` of the check or the failure. */
  | { readonly type: 'no-news'; readonly code: string }
  /** The log signed two histories, in this call or since the app was started. `fraudProof` shows it to anyone. */
  | { readonly type: 'log-fraud'; readonly fraudProof: Uint8Array }
  /** A newer fleet did not answer; whether it holds a newer vault is unknown. */
  | { readonly type: 'fleet-unreachable'; readonly configHash: ConfigHash; readonly code: string }
  /** The vault could not be moved to the newest fleet yet; the next unlock tries again. */
  | { readonly type: 'move-failed'; readonly code: string }
  /** The newest fleet holds another vault of this account, which this password does not open or which holds another key. */
  | { readonly type: 'other-vault'; readonly configHash: ConfigHash }
  /**
   * The vault that this device moved away from is still there. `owed`: its erasure is repeated until there is a receipt.
   * `superseded`: somebody changed it after this device had moved: it was not erased, and `erase` ends it with all others.
   * `fleet-gone`: its fleet is revoked or not listed any more, and nothing is sent there.
   */
  | {
      readonly type: 'old-vault';
      readonly configHash: ConfigHash;
      readonly reason: 'owed' | 'superseded' | 'fleet-gone';
    };

/** What `status` shows, with what this device makes of it. */
export type VaultView = VaultStatus & { readonly warnings: readonly Warning[] };

export type ProtectOutcome =
  /** The new secret is in force with a full budget. */
  | { readonly type: 'protected'; readonly version: number; readonly budget: number; readonly resets: number }
  /** Something else changed the vault in between; nothing was replaced. Ask the person before starting again. */
  | { readonly type: 'superseded' }
  /** The fleet refuses: a budget over its limit. */
  | { readonly type: 'limit' };

/** An unlock that gives nothing. */
export type FailedUnlock =
  /** `budget`: guesses left, shown from the first failure on. At 0 the vault method is locked out. */
  | { readonly type: 'wrong-password'; readonly budget: number }
  /**
   * No guess left; nothing was sent that could be charged. `interrupted`: an attempt of this device may still be open
   * there, see {@link UnlockOptions.resumeInterrupted}.
   */
  | { readonly type: 'locked-out'; readonly interrupted: boolean }
  | { readonly type: 'destroyed' }
  | { readonly type: 'erased' }
  | { readonly type: 'not-registered' };

export type UnlockOutcome =
  | {
      readonly type: 'unlocked';
      /** 32 bytes that the caller owns and zeroes. */
      readonly backupKey: Uint8Array;
      /** Lowest generation of the backup that may be accepted; an older one means that the backup store was rolled back. */
      readonly generationMin: bigint;
      readonly version: number;
      /** What a full budget is. */
      readonly budgetMax: number;
      /** Guesses left, after an automatic refill if there was one. */
      readonly budget: number;
      /** Failed attempts since the last grant, as the fleet counts them; 0 after an automatic refill. */
      readonly failures: number;
      /** Ask "`failures` failed attempts since your last unlock: were they you?" and call `refill` on yes. */
      readonly askRefill: boolean;
      readonly warnings: readonly Warning[];
    }
  | FailedUnlock;

export interface UnlockOptions {
  /**
   * The person was told that the last guess was interrupted, that exactly the password of then may be tried again, and that
   * any other one makes the HSMs destroy the vault. Without it a vault with no guess left is never asked. Default false.
   */
  readonly resumeInterrupted?: boolean;
  /**
   * The person was warned that nobody has vouched for the fleet's keys lately (`old-trust`) and wants to recover all the
   * same. Only a `BackupVault` over the air asks for it. Default false.
   */
  readonly acceptOldTrust?: boolean;
}

export interface EraseOptions {
  /** The version to erase, when it is known: whatever came after it stays. Default: what the fleet holds now. */
  readonly version?: number;
}

export interface ProtectOptions {
  /** 1 to the fleet's limit; default the limit. */
  readonly budgetMax?: number;
  /** Lowest acceptable generation of the backup, kept inside the vault. Default 0. */
  readonly generationMin?: bigint;
}

export type ChangeOutcome = ProtectOutcome | FailedUnlock;

export type RefillOutcome =
  | { readonly type: 'refilled'; readonly budget: number }
  /** The vault changed since the unlock; unlock again if a refill is still wanted. */
  | { readonly type: 'stale' };

export type EraseOutcome =
  /** `receipt`: self-contained, see `verifyErasureReceipt`. */
  | { readonly type: 'erased'; readonly version: number; readonly receipt: Uint8Array }
  /** The vault changed before the erasure reached it: it was not erased. Look at `status` and ask the person. */
  | { readonly type: 'superseded' }
  | { readonly type: 'not-registered' };
