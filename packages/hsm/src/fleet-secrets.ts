import { zero } from '@coffer/base';
import { opaqueServerPublicKey, type XWingSecretKey, xwingKeyPair } from '@coffer/crypto';
import { fixed, struct } from '@coffer/wire';

/** What all HSMs of a fleet share, and nothing else ever sees. 32 bytes each. */
export interface FleetSecrets {
  /** X-Wing seed of the channel key. */
  readonly channelSeed: Uint8Array;
  /** ristretto255 scalar of the OPAQUE server. */
  readonly opaquePrivateKey: Uint8Array;
  /** Root of the keys that seal records. */
  readonly recordSecret: Uint8Array;
  /** Root of the keys that seal tickets. */
  readonly ticketSecret: Uint8Array;
  /** Known to hosts as well; see `recordKeyOf`. */
  readonly indexKey: Uint8Array;
}

export const fleetSecretsLayout = struct<FleetSecrets>({
  channelSeed: fixed(32),
  opaquePrivateKey: fixed(32),
  recordSecret: fixed(32),
  ticketSecret: fixed(32),
  indexKey: fixed(32),
});

/** The secrets with what is computed from them once per start. */
export interface FleetKeys extends FleetSecrets {
  readonly channelSecretKey: XWingSecretKey;
  readonly channelKey: Uint8Array;
  readonly opaqueKey: Uint8Array;
}

export function expandFleetSecrets(secrets: FleetSecrets): FleetKeys {
  const { publicKey, secretKey } = xwingKeyPair(secrets.channelSeed);
  return {
    ...secrets,
    channelSecretKey: secretKey,
    channelKey: publicKey,
    opaqueKey: opaqueServerPublicKey(secrets.opaquePrivateKey),
  };
}

export function zeroFleetSecrets(secrets: FleetSecrets): void {
  zero(secrets.channelSeed, secrets.opaquePrivateKey, secrets.recordSecret, secrets.ticketSecret, secrets.indexKey);
}
