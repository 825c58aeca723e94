import { spinner } from '@clack/prompts';
import type { Progress as BackupProgress } from '@coffer/backup';
import { count, type Output, size } from './output.js';

/** One thing that takes a while, as a person sees it. */
export interface Activity {
  update(text: string): void;
  done(text: string): void;
  failed(text: string): void;
}

/** A spinner where someone watches; otherwise one line at the end, so that a log stays short. */
export function activity(output: Output, text: string): Activity {
  if (!output.isLive) {
    return {
      update: () => undefined,
      done: (end) => output.say(`  ${end}`),
      failed: (end) => output.say(`  failed: ${end}`),
    };
  }
  // Without the signal handlers of the spinner: the program ends its own things first.
  const spin = spinner({ output: process.stderr, indicator: 'timer' });
  spin.start(text);
  return {
    update: (next) => spin.message(next),
    done: (end) => spin.stop(end),
    failed: (end) => spin.error(end),
  };
}

/** Shows how far a backup or a restore is, at most ten times a second. */
export function showProgress(shown: Activity, verb: string): (progress: BackupProgress) => void {
  let lastMs = 0;
  return ({ files, filesTotal, bytes, bytesTotal }) => {
    const nowMs = Date.now();
    if (nowMs - lastMs < 100) return;
    lastMs = nowMs;
    const percent = bytesTotal === 0 ? 100 : Math.floor((100 * bytes) / bytesTotal);
    shown.update(`${verb} ${percent}%  ${count(files)}/${count(filesTotal)} files  ${size(bytes)}`);
  };
}
