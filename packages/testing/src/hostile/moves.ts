import {
  badCertificate,
  forgedEntry,
  hiddenJump,
  lateRelease,
  oldView,
  splicedView,
  strayCapture,
  strayPromise,
  takeOver,
} from './agreement-moves.js';
import { badBatch, grind, pipeline, serve } from './batch-moves.js';
import type { Move } from './field.js';
import { mutatedFrame, powerCut, replayedFrame, restart, restoreOld } from './machine-moves.js';
import { twoQuorums } from './two-quorums.js';

/** Every kind of move, with its weight against the others. */
export const moves: Readonly<Record<string, readonly [weight: number, move: Move]>> = {
  serve: [10, serve],
  pipeline: [2, pipeline],
  'take over': [3, takeOver],
  'stray promise': [1, strayPromise],
  'spliced view': [2, splicedView],
  'old view': [2, oldView],
  'stray capture': [2, strayCapture],
  'forged entry': [1, forgedEntry],
  'late release': [2, lateRelease],
  'hidden jump': [2, hiddenJump],
  'bad certificate': [2, badCertificate],
  'bad batch': [3, badBatch],
  grind: [2, grind],
  restart: [1, restart],
  'power cut': [1, powerCut],
  'old state': [2, restoreOld],
  'two quorums': [1, twoQuorums],
  'mutated frame': [3, mutatedFrame],
  'replayed frame': [3, replayedFrame],
};
