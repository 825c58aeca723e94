export * from "./aead.js";
export * from "./committing-aead.js";
export * from "./ed25519.js";
export * from "./entropy.js";
export * from "./errors.js";
export * from "./hashes.js";
