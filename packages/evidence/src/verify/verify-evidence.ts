import { hex } from '@coffer/base';
import type { FleetDescriptor } from '@coffer/protocol';
import { fail } from '../errors.js';
import type { BuildStatement } from '../forms/image.js';
import type { EvidenceIndex } from '../index-file.js';
import type { Predicates, StatementKind } from '../statement.js';
import type { EvidenceOptions } from './evidence-options.js';
import { type EvidenceReport, type Finding, ReportDraft } from './evidence-report.js';
import { EvidenceFiles, type EvidenceReader, verifyIndex } from './files.js';
import { type VerifiedCeremony, verifyCeremony } from './verify-ceremony.js';
import { verifyConfig, verifyDescriptor } from './verify-configuration.js';
import { verifyBuild, verifyRebuild, verifyRebuilds, verifySource } from './verify-image.js';
import { verifyMedia } from './verify-media.js';
import { verifyExactMatch, verifyMember } from './verify-member.js';
import { verifySelfTest, verifyTranscript } from './verify-self-test.js';
import { verifyStatement } from './verify-statement.js';

/**
 * Checks all evidence of one fleet: docs/spec/evidence.md §5, a method for each row. It asks nobody, and believes nothing
 * but the keys in `options`.
 * @param read - files by digest.
 * @param indexDigest - the evidence digest, 32 bytes.
 * @returns what every item is worth. Good evidence has no failed item; nothing is thrown for bad evidence.
 */
export function verifyEvidence(
  read: EvidenceReader,
  indexDigest: Uint8Array,
  options: EvidenceOptions,
): EvidenceReport {
  const report = new ReportDraft();
  const index = report.check('index', 'index', () => verifyIndex(read, indexDigest, options.configHash));
  if (index === undefined) return { digest: indexDigest, configHash: undefined, items: report.items(), exceptions: [] };
  const ceremony = new Verification(index, read, options, report).run();
  return {
    digest: indexDigest,
    configHash: index.configHash,
    items: report.items(),
    exceptions: ceremony?.exceptions ?? [],
  };
}

class Verification {
  readonly #index: EvidenceIndex;
  readonly #files: EvidenceFiles;
  readonly #options: EvidenceOptions;
  readonly #report: ReportDraft;

  constructor(index: EvidenceIndex, read: EvidenceReader, options: EvidenceOptions, report: ReportDraft) {
    this.#index = index;
    this.#files = new EvidenceFiles(index, read);
    this.#options = options;
    this.#report = report;
  }

  run(): VerifiedCeremony | undefined {
    const fleet = this.#report.check('descriptor', 'fleet', () =>
      verifyDescriptor(this.#files.open('descriptor', 'fleet'), this.#index.configHash),
    );
    this.#statement('config', 'fleet', (config) => verifyConfig(config, need(fleet, 'the descriptor')));
    const build = this.#image();
    const ceremony = this.#statement('ceremony', 'ceremony', (record) =>
      verifyCeremony(record, {
        fleet: need(fleet, 'the descriptor'),
        roles: this.#options,
        image: need(build, 'the build').image,
      }),
    );
    if (fleet !== undefined) this.#members(fleet, build, ceremony);
    this.#statement('media', 'media', (media) => verifyMedia(media, need(ceremony, 'the ceremony').media));
    this.#leftOver(fleet);
    return ceremony;
  }

  /** Reads, verifies and judges one statement of the operator. */
  #statement<K extends StatementKind, T>(
    kind: K,
    name: string,
    judge: (predicate: Predicates[K]) => Finding<T>,
  ): T | undefined {
    return this.#report.check(kind, name, () => {
      const file = this.#files.open(kind, name);
      return judge(verifyStatement(kind, file, this.#index.configHash, this.#options.operators).predicate);
    });
  }

  /** Source, build and rebuilds. */
  #image(): BuildStatement | undefined {
    const source = this.#statement('source', 'source', verifySource);
    const build = this.#statement('build', 'image', (built) => verifyBuild(built, need(source, 'the source')));
    const { keys } = this.#options.rebuilders;
    const signers = this.#files.namesOf('rebuild').map((name) =>
      this.#report.check('rebuild', name, () => {
        const statement = verifyStatement('rebuild', this.#files.open('rebuild', name), this.#index.configHash, keys);
        return verifyRebuild(statement, need(build, 'the build'));
      }),
    );
    this.#report.check('rebuilds', 'image', () =>
      verifyRebuilds(
        signers.map((signer) => need(signer, 'every rebuild')),
        this.#options,
      ),
    );
    return build;
  }

  #members(fleet: FleetDescriptor, build: BuildStatement | undefined, ceremony: VerifiedCeremony | undefined): void {
    const { quoteVerifiers } = this.#options;
    const members = fleet.members.map(({ site }) =>
      this.#statement('member', site, (member) => {
        const needed = { ceremony: need(ceremony, 'the ceremony'), image: need(build, 'the build').image };
        return verifyMember(member, { name: site, fleet, quoteVerifiers, ...needed });
      }),
    );
    const sites = new Set(fleet.members.map(({ site }) => site));
    const extra = this.#files.namesOf('member').filter((name) => !sites.has(name));
    this.#report.check('exact-match', 'fleet', () =>
      verifyExactMatch(
        members.filter((member) => member !== undefined),
        fleet,
        extra,
      ),
    );
    for (const { id, site } of fleet.members) this.#selfTest(fleet, id, site, ceremony);
  }

  #selfTest(fleet: FleetDescriptor, member: number, site: string, ceremony: VerifiedCeremony | undefined): void {
    const context = () => ({
      fleet,
      member,
      recorded: need(ceremony?.sites.get(site), 'the ceremony').transcript,
    });
    const test = this.#statement('self-test', site, (statement) => verifySelfTest(statement, context()));
    this.#report.check('transcript', site, () => {
      const file = this.#files.open('transcript', site);
      return verifyTranscript(file, need(test, 'the self-test'), context());
    });
  }

  /** Nothing is in a set that nobody has judged. */
  #leftOver(fleet: FleetDescriptor | undefined): void {
    for (const { kind, name, digest } of this.#files.unasked()) {
      this.#report.check(kind, name, () => {
        if (fleet === undefined && memberKinds.includes(kind))
          return fail('not-checked', 'not checked: the descriptor did not hold');
        if (kind === 'member') fail('extra-key', 'the descriptor has no such member');
        return fail('unknown-item', `no set of this form has such an item (${hex(digest).slice(0, 8)}…)`);
      });
    }
  }
}

/** Kinds of which there is one for every member. */
const memberKinds = ['member', 'self-test', 'transcript'];

/** What a check rests on. @throws EvidenceError `not-checked` when that has failed. */
function need<T>(value: T | undefined, what: string): T {
  return value ?? fail('not-checked', `not checked: ${what} did not hold`);
}
