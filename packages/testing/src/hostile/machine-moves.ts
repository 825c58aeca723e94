import { concat } from '@coffer/base';
import { type Move, pickOr } from './field.js';

export const restart: Move = ({ host, random }) => host.restart(random.pick(host.members));

export const powerCut: Move = ({ host, random }) =>
  host.cutPower(random.pick(host.members), random.pick(['before-persist', 'after-persist']));

export const restoreOld: Move = ({ host, random, restored }) => {
  const member = pickOr(random, restored);
  if (member === undefined) return;
  const { images } = host.victim(member);
  host.restore(member, random.chance(0.7) ? Math.max(0, images - random.integer(2, 5)) : random.integer(0, images - 1));
};

/** Any frame that any HSM ever got, with bits flipped, cut or prolonged. */
export const mutatedFrame: Move = ({ host, random }) => {
  const frame = pickOr(random, host.frames)?.slice();
  if (frame === undefined) return;
  for (let flips = random.integer(0, 3); flips > 0; flips--) {
    // Most of a frame is sealed boxes; what an HSM decides on stands at its front.
    const at = random.integer(0, random.chance(0.6) ? Math.min(120, frame.length - 1) : frame.length - 1);
    frame[at] = (frame[at] as number) ^ (1 << random.integer(0, 7));
  }
  const sent = random.pick([frame, frame, frame.subarray(0, random.integer(0, frame.length)), concat(frame, frame)]);
  host.deliver(random.pick(host.members), sent);
};

/** Any frames again, to any HSM. */
export const replayedFrame: Move = ({ host, random }) => {
  for (let count = random.integer(1, 4); count > 0; count--) {
    const frame = pickOr(random, random.chance(0.5) ? host.frames.slice(-30) : host.frames);
    if (frame !== undefined) host.deliver(random.pick(host.members), frame);
  }
};
