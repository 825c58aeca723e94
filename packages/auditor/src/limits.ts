/** Every size, count and time of an auditor. Times in milliseconds. */

const dayMs = 86_400_000;

/** The body of `POST …/audits`: an artifact and its evidence, in base64. */
export const auditBodyBytesMax = 12_582_912;
/** Evidence files in one request. */
export const evidenceFilesMax = 1_024;
/** One evidence file. */
export const evidenceFileBytesMax = 1_048_576;
/** The body of `POST …/countersignature`. */
export const countersignatureBodyBytesMax = 2_048;
/** Bodies that are being read at once; each may hold as much memory as its limit says. */
export const bodiesMax = 8;
/** Requests that wait for their turn at one namespace. */
export const turnsMax = 16;
/** How far ahead a counter-signature's notAfter may lie. */
export const notAfterAheadMsMax = 400 * dayMs;
/** How far ahead of the auditor's clock a witness's clock may be. */
export const witnessClockAheadMsMax = 300_000;
/** Answer of a witness: its signature lines. */
export const witnessAnswerBytesMax = 16_384;
/** How often one witness is asked again because it named another size. */
export const witnessTriesMax = 3;
/** One stored record of a signed epoch, and any other small file of the store. */
export const recordBytesMax = 4_096;
/** Largest answer that the client reads. */
export const answerBytesMax = 8_388_608;

/** What one auditor waits for, and how long. */
export interface AuditorLimits {
  /** How long a body may take to arrive. */
  readonly bodyMs: number;
  /** How often the newest checkpoint is cosigned again. */
  readonly refreshMs: number;
  /** When that is tried again after too few witnesses answered. */
  readonly retryMs: number;
}

export const defaultLimits: AuditorLimits = {
  bodyMs: 20_000,
  refreshMs: 3_600_000,
  retryMs: 60_000,
};

/** How long witnesses have in all. */
export const witnessTimeoutMsDefault = 10_000;
/** How long the others are waited for once a quorum has answered. */
export const witnessGraceMsDefault = 1_000;
