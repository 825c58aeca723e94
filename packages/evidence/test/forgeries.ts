import type { FleetOfCores } from './fleet-of-cores.js';
import { ceremonyForgeries } from './forgeries/ceremony.js';
import { configurationForgeries } from './forgeries/configuration.js';
import type { Forgery } from './forgeries/edits.js';
import { imageForgeries } from './forgeries/image.js';
import { membersForgeries } from './forgeries/members.js';
import { selfTestForgeries } from './forgeries/self-test.js';
import { statementsForgeries } from './forgeries/statements.js';

/** A forged set for each failure, several for some. @param other - a fleet of other keys, made for the same nonce at the same sites. */
export const forgeries = (cores: FleetOfCores, other: FleetOfCores): readonly Forgery[] => [
  ...statementsForgeries(cores, other),
  ...configurationForgeries(cores, other),
  ...imageForgeries(),
  ...ceremonyForgeries(cores, other),
  ...membersForgeries(cores, other),
  ...selfTestForgeries(),
];
