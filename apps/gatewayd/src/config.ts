import { logSchema, originSchema, pathSchema, portSchema } from '@coffer/host';
import { z } from 'zod';

const positive = z.int().min(1);

/** Configuration of a gateway. */
export const gatewaydSchema = z.strictObject({
  /** The fleets that are served, the one for new registrations first. */
  fleets: z
    .array(
      z.strictObject({
        /** The fleet descriptor, canonical JSON. */
        descriptor: pathSchema,
        /** Where its agents listen, by member id: `{ "1": "http://127.0.0.1:7001" }`. */
        agents: z.record(z.string().regex(/^([1-9]|1[0-5])$/, 'not a member id'), originSchema),
        /** File with the bearer token of the fleet's operator. */
        operatorToken: pathSchema,
      }),
    )
    .min(1),
  /** Account tokens: required issuer and audience, and the keys, as a file or where to fetch them. */
  tokens: z
    .strictObject({
      issuer: z.string().min(1),
      audience: z.string().min(1),
      jwksFile: pathSchema.optional(),
      jwksUrl: z.url({ protocol: /^https?$/ }).optional(),
    })
    .refine(
      ({ jwksFile, jwksUrl }) => (jwksFile === undefined) !== (jwksUrl === undefined),
      'one of jwksFile and jwksUrl',
    ),
  listen: z.strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: portSchema,
    /** PEM files. Without them it speaks plain HTTP, for loopback and for a proxy that ends TLS. */
    tls: z.strictObject({ key: pathSchema, cert: pathSchema }).optional(),
    /** Reverse proxies in front that append to `X-Forwarded-For`. */
    trustedProxies: z.int().min(0).max(16).default(0),
  }),
  /** Web origins that may call from a browser. */
  origins: z.array(z.string().min(1)).default([]),
  /** `GatewayLimits` of @coffer/gateway; what is absent keeps its default. */
  limits: z
    .strictObject({
      accountBurst: positive,
      accountPerMinute: positive,
      addressBurst: positive,
      addressPerMinute: positive,
      bucketsMax: positive,
      bodyMs: positive,
      routeMs: positive,
      agentMs: positive,
      roundPauseMs: positive,
      callsMax: positive,
      bundleMs: positive,
    })
    .partial()
    .prefault({}),
  /** Hands out validation bundles of a published log. Absent: it serves clients with pinned fleets only. */
  transparency: z
    .strictObject({
      /** Origin of the auditor that publishes the log. */
      auditor: originSchema,
      namespace: z.string().min(1),
      /** Trust root that the operator vouches for; newer ones are fetched. */
      trustRoot: pathSchema,
      refreshMs: positive.optional(),
      /** File with the bearer token for `POST /v1/bundle/refresh`. */
      operatorToken: pathSchema.optional(),
      /** DEMONSTRATIONS ONLY: of clients that want a fleet to have been public for less than 72 hours. */
      demoWaitingMs: z.int().min(0).optional(),
    })
    .optional(),
  log: logSchema.prefault({}),
});
export type GatewaydConfig = z.input<typeof gatewaydSchema>;
