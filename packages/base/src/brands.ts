declare const brand: unique symbol;

/** A type that only its own constructor makes, so that a `RecordKey` cannot be passed for a `VaultId`. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
