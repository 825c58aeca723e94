import type { FleetOfCores } from '../fleet-of-cores.js';
import { descriptor, type Forgery, facts, keysOf, part } from './edits.js';

/** Descriptor and configuration. */
export function configurationForgeries(_cores: FleetOfCores, other: FleetOfCores): readonly Forgery[] {
  return [
    ['another descriptor', 'other-subject', part('descriptor', () => other.descriptor)],
    [
      'a descriptor with a quorum below its floor',
      'quorum-below-floor',
      descriptor((json) => Object.assign(json, { quorum: 1 })),
    ],
    [
      'a descriptor that tolerates too much',
      'quorum-below-floor',
      descriptor((json) => Object.assign(json, { rollbackTolerance: 2 })),
    ],
    [
      'a descriptor with a site twice',
      'duplicate-site',
      descriptor((json) => Object.assign(keysOf(json)[3] as object, { site: 'site-1' })),
    ],
    [
      'a descriptor with a key twice',
      'duplicate-key',
      descriptor((json) => Object.assign(keysOf(json)[3] as object, { key: keysOf(json)[2]?.key })),
    ],
    ['a descriptor with a field more', 'bad-descriptor', descriptor((json) => Object.assign(json, { upgrade: true }))],
    [
      'a configuration below the floor',
      'quorum-below-floor',
      facts(({ config }) => ({ config: { ...config, quorum: 1 } })),
    ],
    [
      'a configuration with a site twice',
      'duplicate-site',
      facts(({ config }) => ({ config: { ...config, sites: ['site-1', 'site-1', 'site-3'] } })),
    ],
    [
      'a configuration of other guesses',
      'config-mismatch',
      facts(({ config }) => ({ config: { ...config, budgetLimit: 3 } })),
    ],
    [
      'a configuration of other sites',
      'config-mismatch',
      facts(({ config }) => ({ config: { ...config, sites: ['site-2', 'site-1', 'site-3'] } })),
    ],
  ];
}
