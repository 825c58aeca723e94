/** Every size and count of evidence. */

/** One file of a set, in bytes: the ceremony of 15 members and 33 roles, or a self-test, with room. */
export const evidenceFileBytesMax = 1_048_576;
/** Items of one set: five kinds that are there once, three for each of 15 members, and rebuilds. */
export const evidenceItemsMax = 128;
/** An index, in bytes of canonical JSON. */
export const evidenceIndexBytesMax = 32_768;
/** Signatures of one statement. */
export const envelopeSignaturesMax = 8;
/** Steps of a ceremony: three and three for each member, media, and exceptions. */
export const ceremonyStepsMax = 128;
/** Witnesses present at a ceremony. */
export const ceremonyWitnessesMax = 32;
/** An exception as the ceremony records it, in UTF-16 units. */
export const exceptionTextMax = 1_024;
/** Names, commands and addresses in statements, in UTF-16 units. */
export const shortTextMax = 256;
/** Largest evidence inside a quote. */
export const quoteBytesMax = 16_384;
/** Media that one ceremony issues. */
export const mediaMax = 64;
/** Calls of one self-test: three to register, two for each of ten guesses, two that are refused. */
export const selfTestCallsMax = 25;
