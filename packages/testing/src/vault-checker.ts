import type { VaultReply } from '@coffer/protocol';
import type { Finding } from './chain-checker.js';

interface VaultHistory {
  /** Version that the reply of each released entry named. */
  readonly versions: Map<bigint, number>;
  /** Versions that began with an erasure or a destruction: no secret is live under them. */
  readonly dead: Set<number>;
}

/** That no vault goes back: its version never falls along the chain, and what was erased or destroyed answers nothing. */
export class VaultChecker {
  readonly #histories = new Map<string, VaultHistory>();

  /** @param index - of the released entry that this reply is in. */
  reply(vault: string, index: bigint, reply: VaultReply): Finding[] {
    const version = versionOf(reply);
    if (version === undefined) return [];
    const history = this.#histories.get(vault) ?? { versions: new Map(), dead: new Set() };
    this.#histories.set(vault, history);
    const found = (what: string): Finding => ({
      code: 'vault-went-back',
      message: `vault ${vault.slice(0, 8)} #${index} ${reply.type}: ${what}`,
    });
    const findings: Finding[] = [];
    if (isEnd(reply)) history.dead.add(version);
    else if (isAnswer(reply) && history.dead.has(version)) findings.push(found(`version ${version} had ended`));
    for (const [at, other] of history.versions) {
      const isBack = (at < index && other > version) || (at > index && other < version);
      if (isBack) findings.push(found(`version ${version}, and ${other} at #${at}`));
    }
    history.versions.set(index, version);
    return findings;
  }
}

function versionOf(reply: VaultReply): number | undefined {
  if (reply.type === 'not-registered') return 0;
  return 'version' in reply ? reply.version : undefined;
}

const isEnd = ({ type }: VaultReply): boolean =>
  type === 'erasure-receipt' || type === 'destroyed' || type === 'erased';

const isAnswer = ({ type }: VaultReply): boolean => type === 'recover.started' || type === 'recovered';
