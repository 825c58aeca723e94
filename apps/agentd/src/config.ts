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
  /** `AgentTuning` of @coffer/agent, which also knows the ranges; what is absent keeps its default. */
  tuning: z
    .strictObject({
      leaseMs: positive,
      leaseStaggerMs: z.int().min(0),
      gatherMs: z.int().min(0),
      peerTimeoutMs: positive,
      ledgerTimeoutMs: positive,
      hsmTimeoutMs: positive,
      quorumTimeoutMs: positive,
      retryAfterMs: z.int().min(0),
      windowEntries: positive,
    })
    .partial()
    .prefault({}),
  log: logSchema.prefault({}),
});
export type AgentdConfig = z.input<typeof agentdSchema>;
