import type { AgentEvent, Alarm, AlarmCode } from './events.js';

/** The standing alarms of one agent, at most one of a code in a group. */
export class Alarms {
  readonly #log: (event: AgentEvent) => void;
  readonly #standing = new Map<string, Alarm>();

  constructor(log: (event: AgentEvent) => void) {
    this.#log = log;
  }

  get standing(): readonly Alarm[] {
    return [...this.#standing.values()];
  }

  /** Tells the log once, until the alarm is cleared or is about something else. */
  raise(group: number, code: AlarmCode, index: bigint | undefined, message: string): void {
    const name = `${group} ${code}`;
    const alarm: Alarm = { group, code, index: index?.toString(), message };
    const before = this.#standing.get(name);
    this.#standing.set(name, alarm);
    if (before?.index !== alarm.index || before?.message !== message) this.#log({ type: 'alarm', alarm });
  }

  clear(group: number, code: AlarmCode): void {
    if (this.#standing.delete(`${group} ${code}`)) this.#log({ type: 'alarm-cleared', group, code });
  }
}
