/** `<operator>.encrypted_backups.fleet_keys.v1`. */
export const namespacePattern = /^[a-z0-9][a-z0-9.-]{0,63}\.encrypted_backups\.fleet_keys\.v1$/;
