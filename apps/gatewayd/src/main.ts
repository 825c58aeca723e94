import { readFileSync } from 'node:fs';
import {
  createGateway,
  createTokenVerifier,
  GatewayError,
  type GatewayEvent,
  type GatewayLimits,
  HttpAgentRoutes,
  serveGateway,
} from '@coffer/gateway';
import {
  exitCodes,
  HostError,
  type Logger,
  packageVersion,
  parseConfiguration,
  readFleetFile,
  readTokenFile,
  runDaemon,
  steadyClock,
  systemClock,
  systemCode,
  systemTimers,
} from '@coffer/host';
import type { FleetDescriptor } from '@coffer/protocol';
import { z } from 'zod';
import { openBundles } from './bundles.js';
import { gatewaydSchema } from './config.js';

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

await runDaemon({
  name: 'gatewayd',
  version: packageVersion(import.meta.url),
  help: `
The front door of fleets: checks account tokens and rate limits, and hands sealed requests to the agent that leads.
It cannot open what passes through it. POST /v1/vault, GET /v1/fleet, /v1/status, /healthz, /metrics; with
"transparency" also GET /v1/bundle, /v1/trust-roots/{version}, POST /v1/bundle/refresh.

Configuration: { "fleets": [{ "descriptor", "agents": { "1": "http://…" }, "operatorToken" }],
"tokens": { "issuer", "audience", "jwksFile" or "jwksUrl" }, "listen": { "host", "port", "tls", "trustedProxies" },
"origins": [], "limits": { … }, "transparency": { "auditor", "namespace", "trustRoot", "refreshMs", "operatorToken" },
"log": { "file", "level" } }`,
  schema: gatewaydSchema,
  exitCodeOf: (error) => (error instanceof GatewayError && error.code === 'bad-config' ? exitCodes.usage : undefined),
  async start(config, { log, path }) {
    const routes = new Map<FleetDescriptor, HttpAgentRoutes>();
    for (const { descriptor, agents, operatorToken } of config.fleets) {
      const urls = new Map(Object.entries(agents).map(([id, url]) => [Number(id), url]));
      routes.set(
        readFleetFile(path(descriptor)),
        new HttpAgentRoutes({ urls, token: readTokenFile(path(operatorToken)) }),
      );
    }
    const { issuer, audience, jwksFile, jwksUrl } = config.tokens;
    const keys = jwksFile === undefined ? new URL(jwksUrl ?? '') : readJwks(path(jwksFile));
    const { transparency } = config;
    const bundles = transparency && openBundles(transparency, path, log);
    const operatorToken = transparency?.operatorToken && readTokenFile(path(transparency.operatorToken));
    const gateway = createGateway({
      fleets: [...routes.keys()],
      routes: (fleet) => routes.get(fleet) as HttpAgentRoutes,
      tokens: createTokenVerifier({ issuer, audience, keys, clock: systemClock }),
      clock: steadyClock,
      timers: systemTimers,
      limits: definedOnly(config.limits),
      origins: config.origins,
      log: (event) => logEvent(log, event),
      ...(bundles === undefined ? {} : { bundles }),
      ...(operatorToken === undefined ? {} : { operatorToken }),
    });
    const { host, port, tls, trustedProxies } = config.listen;
    const server = await serveGateway(gateway, {
      hostname: host,
      port,
      trustedProxies,
      ...(tls === undefined ? {} : { tls: { key: readText(path(tls.key)), cert: readText(path(tls.cert)) } }),
    }).catch((cause: unknown) => {
      throw new HostError('in-use', `cannot listen on ${host}:${port} (${systemCode(cause) ?? 'failed'})`, { cause });
    });
    // The auditor may be down: vaults are served all the same, and the bundles come when it is back.
    bundles?.start();
    return {
      async stop() {
        bundles?.stop();
        await server.close();
        for (const route of routes.values()) route.close();
      },
    };
  },
});

/** Its fields as they are, for they hold labels and numbers only; a cause only where it is our own bug. */
function logEvent(log: Logger, event: GatewayEvent): void {
  const { type, ...fields } = event;
  if (event.type === 'refused' && event.code === 'internal') log.error({ code: event.code, err: event.cause }, type);
  else if (event.type === 'refused') log.debug({ code: event.code }, type);
  else if (event.type === 'agent-failed') log.info(fields, type);
  else log.debug(fields, type);
}

function readJwks(file: string): z.output<typeof jwksSchema> {
  return parseConfiguration(file, readText(file), jwksSchema);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HostError('bad-config', `cannot read ${file} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
}

/** Without the fields that are absent from the configuration, so that they do not hide defaults. */
function definedOnly(
  limits: { readonly [K in keyof GatewayLimits]?: GatewayLimits[K] | undefined },
): Partial<GatewayLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
