import { logSchema, pathSchema, portSchema } from '@coffer/host';
import { z } from 'zod';

const positive = z.int().min(1);

/** Configuration of an auditor. */
export const auditordSchema = z.strictObject({
  /** Folder with everything that it has signed and logged. It is never put back to an earlier state. */
  store: pathSchema,
  /** Seeds by which it signs epochs, the one in use first, and since when each has been in use. */
  auditorKeys: z.array(z.strictObject({ seed: pathSchema, notBeforeMs: z.int().min(0) })).min(1),
  namespaces: z
    .array(
      z.strictObject({
        /** The first trust root; it names the namespace, the log and the witnesses. */
        trustRoot: pathSchema,
        /** Seeds of the log's keys, the one in use first. */
        logKeys: z.array(pathSchema).min(1),
        /** It answers 400 for its epochs and takes nothing new. */
        disabled: z.boolean().default(false),
      }),
    )
    .min(1),
  /** Whether fleets of software HSMs are signed, too: for demonstrations. Their evidence proves nothing about hardware. */
  simulatedHardware: z.boolean().default(false),
  listen: z.strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: portSchema,
    /** PEM files. Without them it speaks plain HTTP, for loopback and for a proxy that ends TLS. */
    tls: z.strictObject({ key: pathSchema, cert: pathSchema }).optional(),
  }),
  /** How often the newest checkpoint is cosigned again; clients refuse one that is over 48 hours old. */
  refreshMs: positive.max(86_400_000).default(3_600_000),
  /** How long all witnesses have together. */
  witnessTimeoutMs: positive.max(60_000).default(10_000),
  log: logSchema.prefault({}),
});
export type AuditordConfig = z.input<typeof auditordSchema>;
