import { invariant } from '@coffer/base';
import type { GroupBackend } from '../group/backend.js';
import { passesSelfCheck } from '../group/self-check.js';

/** libsodium's ABI versions since ristretto255 came (1.0.18), by platform. The loader searches its usual places. */
const libraryNames = [
  'libsodium.so.26',
  'libsodium.so.23',
  'libsodium.26.dylib',
  'libsodium.23.dylib',
  'libsodium.dll',
];

type NativeFunction = (...args: readonly unknown[]) => number;
type Declare = (prototype: string) => NativeFunction;

function openLibrary(load: (name: string) => { func: Declare }): Declare | undefined {
  for (const name of libraryNames) {
    try {
      const library = load(name);
      return (prototype) => library.func(prototype);
    } catch {
      // Not under this name.
    }
  }
  return undefined;
}

function backendOver(declare: Declare): GroupBackend {
  const initialise = declare('int sodium_init()');
  const isValid = declare('int crypto_core_ristretto255_is_valid_point(const uint8_t *p)');
  const multiply = declare('int crypto_scalarmult_ristretto255(uint8_t *q, const uint8_t *n, const uint8_t *p)');
  const multiplyBase = declare('int crypto_scalarmult_ristretto255_base(uint8_t *q, const uint8_t *n)');
  const fromHash = declare('int crypto_core_ristretto255_from_hash(uint8_t *p, const uint8_t *r)');
  const reduce = declare('void crypto_core_ristretto255_scalar_reduce(uint8_t *r, const uint8_t *s)');
  const invert = declare('int crypto_core_ristretto255_scalar_invert(uint8_t *r, const uint8_t *s)');
  if (initialise() < 0) throw new Error('sodium_init failed');

  function result(call: (out: Uint8Array) => unknown): Uint8Array {
    const out = new Uint8Array(32);
    const status = call(out);
    // Validated operands of a prime-order group cannot give the identity, the one failure these functions have.
    invariant(status === 0 || status === undefined, 'group operation on validated operands succeeds');
    return out;
  }

  return {
    name: 'native',
    // libsodium up to 1.0.18 ignores the highest bit, and so takes two encodings for one element.
    isEncoding: (element) => ((element[31] as number) & 0x80) === 0 && isValid(element) === 1,
    multiply: (scalar, element) => result((out) => multiply(out, scalar, element)),
    multiplyBase: (scalar) => result((out) => multiplyBase(out, scalar)),
    elementFromUniform: (uniform) => result((out) => fromHash(out, uniform)),
    reduceScalar: (wide) => result((out) => reduce(out, wide)),
    invertScalar: (scalar) => result((out) => invert(out, scalar)),
  };
}

/** The system's libsodium, or undefined where koffi or libsodium is missing or the self-check fails. */
export async function loadNativeGroup(): Promise<GroupBackend | undefined> {
  try {
    const { default: koffi } = await import('koffi');
    const declare = openLibrary((name) => koffi.load(name) as unknown as { func: Declare });
    if (declare === undefined) return undefined;
    const backend = backendOver(declare);
    return passesSelfCheck(backend) ? backend : undefined;
  } catch {
    return undefined;
  }
}
