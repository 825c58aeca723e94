import { logSchema, originSchema, pathSchema, portSchema } from '@coffer/host';
import { z } from 'zod';

const positive = z.int().min(1);

/** Configuration of the agent of one site. */
export const agentdSchema = z.strictObject({
  /** The fleet descriptor, canonical JSON. */
  fleet: pathSchema,
  /** Which member its HSM is, 1 to n. */
  member: positive.max(15),
  /** Unix socket of the HSM. */
  hsmSocket: pathSchema,
  /** File of this site's records and entries. */
  replica: pathSchema,
  /** File of the ledger, shared by all agents of this machine. */
  ledger: pathSchema,
  /** File with the bearer token of the fleet's operator. */
  operatorToken: pathSchema,
  listen: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: portSchema }),
  /** Where the other agents listen, by member id: `{ "2": "http://127.0.0.1:7002" }`. */
  peers: z.record(z.string().regex(/^([1-9]|1[0-5])$/, 'not a member id'), originSchema),
  /** See `AgentTuning` of @coffer/agent; what is absent keeps its default. */
  tuning: z
    .strictObject({
      leaseMs: positive.max(600_000),
      leaseStaggerMs: z.int().min(0).max(60_000),
      gatherMs: z.int().min(0).max(1_000),
      peerTimeoutMs: positive.max(60_000),
      quorumTimeoutMs: positive.max(60_000),
      retryAfterMs: positive.max(60_000),
      windowEntries: positive.max(1_000_000),
    })
    .partial()
    .prefault({}),
  log: logSchema.prefault({}),
});
export type AgentdConfig = z.input<typeof agentdSchema>;
