import type { Progress as BackupProgress } from '@coffer/backup';
import { LiveLine } from './live-line.js';
import { count, type Output, size } from './output.js';

/** Least time between two looks at how far something is. */
const updateMs = 100;

/** One thing that takes a while, as a person sees it. */
export interface Activity {
  /** What it is doing now; seen on a terminal only. */
  update(text: string): void;
  /** Prints a sentence that stays. */
  tell(line: string): void;
  /** Makes room for a question. */
  asking<T>(ask: () => Promise<T>): Promise<T>;
  /** Ends it, with a last line where there is one. */
  end(line?: string): void;
}

/** A moving line where someone watches; otherwise only the lines that stay, so that a log stays short. */
export function activity(output: Output, text: string): Activity {
  const live = output.isLive ? new LiveLine(process.stderr, text) : undefined;
  const tell = (line: string): void => {
    if (live === undefined) output.tell(line);
    else live.above(() => output.tell(line));
  };
  return {
    update: (next) => live?.update(next),
    tell,
    async asking(ask) {
      live?.stop();
      const answer = await ask();
      live?.start();
      return answer;
    },
    end(line) {
      live?.stop();
      if (line !== undefined) output.say(line);
    },
  };
}

/** Shows how far a backup or a restore is. */
export function showProgress(shown: Activity, verb: string): (progress: BackupProgress) => void {
  let lastMs = 0;
  return ({ files, filesTotal, bytes, bytesTotal }) => {
    const nowMs = Date.now();
    if (nowMs - lastMs < updateMs) return;
    lastMs = nowMs;
    const percent = bytesTotal === 0 ? 100 : Math.floor((100 * bytes) / bytesTotal);
    shown.update(`${verb} ${percent}%  ${count(files)}/${count(filesTotal)} files  ${size(bytes)}`);
  };
}
