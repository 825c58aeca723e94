import { struct, u8, u32 } from '@coffer/wire';

/** Parameters of the key stretching function, Argon2id (RFC 9106) with a 16-byte zero salt (RFC 9807 §6.3). */
export interface KsfParameters {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

export const ksfLayout = struct<KsfParameters>({ memoryKiB: u32, passes: u32, lanes: u8 });

/** RFC 9106 §4, second recommended option: 64 MiB, 3 passes, 4 lanes. */
export const ksfDefault: KsfParameters = { memoryKiB: 65_536, passes: 3, lanes: 4 };
/** A client refuses less: a host that could lower them would make a stolen record cheap to search. */
export const ksfFloor: KsfParameters = { memoryKiB: 19_456, passes: 2, lanes: 1 };
/** A client refuses more: a host could otherwise make every phone run out of memory. */
export const ksfCeiling: KsfParameters = { memoryKiB: 1_048_576, passes: 16, lanes: 16 };

/** Whether a client may run these parameters. */
export function isKsfAcceptable({ memoryKiB, passes, lanes }: KsfParameters): boolean {
  const within = (value: number, min: number, max: number): boolean => value >= min && value <= max;
  return (
    within(memoryKiB, ksfFloor.memoryKiB, ksfCeiling.memoryKiB) &&
    within(passes, ksfFloor.passes, ksfCeiling.passes) &&
    within(lanes, ksfFloor.lanes, ksfCeiling.lanes)
  );
}
