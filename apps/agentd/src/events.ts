import type { AgentEvent } from '@coffer/agent';
import type { Logger } from '@coffer/host';

/** One log line for one event: its fields as they are, for they hold labels and numbers only. */
export function logAgentEvent(log: Logger, { type, ...fields }: AgentEvent): void {
  if (type === 'committed') log.debug(fields, type);
  else if (type === 'alarm' || type === 'error' || type === 'takeover-failed') log.warn(fields, type);
  else log.info(fields, type);
}
