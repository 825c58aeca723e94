import type { Server } from 'node:http';
import { Agent, type AgentTuning, createAgentServer, defaultTuning, HsmSocket, PeerHttp } from '@coffer/agent';
import { systemEntropy } from '@coffer/crypto';
import {
  FileLock,
  HostError,
  packageVersion,
  readFleetFile,
  readTokenFile,
  runDaemon,
  steadyClock,
  systemClock,
  systemTimers,
} from '@coffer/host';
import { entriesInFlightMax } from '@coffer/hsm';
import { SqliteLedger } from '@coffer/ledger-sqlite';
import { type FleetDescriptor, genesisHash } from '@coffer/protocol';
import { Replica } from '@coffer/replica';
import { agentdSchema } from './config.js';
import { logAgentEvent } from './events.js';
import { startExitCodeOf } from './exit-code.js';
import { hsmAnswers } from './hsm-wait.js';

/** How long a starting agent waits for its HSM before it goes on without. */
const hsmWaitMs = 5_000;

await runDaemon({
  name: 'agentd',
  version: packageVersion(import.meta.url),
  help: `
The agent of one site: the untrusted host daemon beside one HSM. It keeps the site's replica, takes part in the ledger,
and answers other agents and gateways that know the operator's token: POST /peer, POST /call, POST /stand-aside,
GET /status.

Configuration: { "fleet", "member", "hsmSocket", "replica", "ledger", "operatorToken", "listen": { "host", "port" },
"peers": { "2": "http://…" }, "tuning": { "leaseMs", … }, "log": { "file", "level" } }`,
  schema: agentdSchema,
  exitCodeOf: startExitCodeOf,
  async start(config, { log, path }) {
    const fleet = readFleetFile(path(config.fleet));
    const token = readTokenFile(path(config.operatorToken));
    const tuning = definedOnly(config.tuning);
    const hsm = new HsmSocket(path(config.hsmSocket));
    const peers = new PeerHttp({ urls: peerUrls(config.peers), token });
    // A replica remembers what it wrote last: a second process would make it forget, and serve what is no more.
    const lock = FileLock.acquire(`${path(config.replica)}.lock`);
    const replica = Replica.open({
      path: path(config.replica),
      configHash: fleet.configHash,
      groups: fleet.groups,
      undoEntriesMax: (tuning.windowEntries ?? defaultTuning.windowEntries) + entriesInFlightMax,
    });
    const ledger = await SqliteLedger.open(path(config.ledger), ledgerFleet(fleet), {
      // Leases are compared across machines, so they need the time of day.
      clock: systemClock,
      timers: systemTimers,
    });
    if (!(await hsmAnswers(hsm, systemTimers, hsmWaitMs))) log.warn('the HSM does not answer yet');
    const agent = await Agent.start({
      fleet,
      memberId: config.member,
      ports: {
        clock: steadyClock,
        timers: systemTimers,
        entropy: systemEntropy,
        hsm,
        peers,
        ledger,
        replica,
        log: (event) => logAgentEvent(log, event),
      },
      tuning,
    });
    const server = createAgentServer(agent, token);
    await listen(server, config.listen.host, config.listen.port);
    return {
      async stop() {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        await agent.stop();
        server.closeAllConnections();
        await closed;
        peers.close();
        hsm.close();
        await ledger.close();
        replica.close();
        lock.release();
      },
    };
  },
});

function peerUrls(peers: Readonly<Record<string, string>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(peers).map(([id, url]) => [Number(id), url]));
}

function ledgerFleet({ configHash, groups }: FleetDescriptor) {
  return { configHash, genesis: Array.from({ length: groups }, (_, group) => genesisHash(configHash, group)) };
}

/** Without the fields that are absent from the configuration, so that they do not hide defaults. */
function definedOnly(tuning: { readonly [K in keyof AgentTuning]?: AgentTuning[K] | undefined }): Partial<AgentTuning> {
  return Object.fromEntries(Object.entries(tuning).filter(([, value]) => value !== undefined));
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new HostError('in-use', `cannot listen on ${host}:${port}`, { cause }));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
