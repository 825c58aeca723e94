import { concat, type Entropy, utf8, zero } from '@coffer/base';
import { CryptoError, hpkeSetupReceiver, hpkeSetupSender, type XWingSecretKey } from '@coffer/crypto';
import type { BirthHash, ConfigHash, FleetShare } from '@coffer/protocol';
import { decode, encode, u16, WireError } from '@coffer/wire';
import { type FleetSecrets, fleetSecretsLayout } from '../fleet-secrets.js';
import { refuseBirth } from './errors.js';

/** Whom a share is for. */
export type ShareContext = Pick<FleetShare, 'configHash' | 'birth' | 'hsm'>;

/** Seals a fleet's secrets to one HSM of one birth (RFC 9180, base mode; the share is signed besides). */
export function sealShare(
  context: ShareContext,
  transportKey: Uint8Array,
  secrets: FleetSecrets,
  entropy: Entropy,
): FleetShare {
  const plaintext = encode(fleetSecretsLayout, secrets);
  const sender = hpkeSetupSender(transportKey, infoOf(context), entropy);
  const sealed = sender.context.seal(new Uint8Array(), plaintext);
  zero(plaintext);
  return { ...context, enc: sender.enc, sealed };
}

/** @returns secrets that the caller owns. @throws BirthRefusal `bad-share`. */
export function openShare(share: FleetShare, secretKey: XWingSecretKey): FleetSecrets {
  try {
    const plaintext = hpkeSetupReceiver(secretKey, share.enc, infoOf(share)).open(new Uint8Array(), share.sealed);
    const secrets = decode(fleetSecretsLayout, plaintext);
    zero(plaintext);
    return secrets;
  } catch (cause) {
    if (cause instanceof CryptoError || cause instanceof WireError)
      return refuseBirth('bad-share', 'the share does not open here');
    throw cause;
  }
}

const infoOf = ({ configHash, birth, hsm }: { configHash: ConfigHash; birth: BirthHash; hsm: number }): Uint8Array =>
  concat(utf8('coffer/fleet-share/v1'), configHash, birth, encode(u16, hsm));
