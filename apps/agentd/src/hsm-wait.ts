import { AgentError, type HsmConnection } from '@coffer/agent';
import { sleep, type Timers } from '@coffer/base';

const pauseMs = 25;

/**
 * Waits for an HSM that is starting at the same moment. An agent finds its HSM by itself later on; this only saves the
 * lease period until it looks again.
 */
export async function hsmAnswers(hsm: HsmConnection, timers: Timers, waitMs: number): Promise<boolean> {
  for (let tries = Math.ceil(waitMs / pauseMs); tries > 0; tries--) {
    try {
      await hsm.call({ type: 'describe' });
      return true;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      await sleep(timers, pauseMs);
    }
  }
  return false;
}
