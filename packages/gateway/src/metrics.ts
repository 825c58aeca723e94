import type { BundleSource, GatewayEvent } from './ports.js';

/** Upper bounds of the latency buckets, in milliseconds. */
const boundsMs = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** Counters of one gateway in the Prometheus text format. Labels are codes, members and groups, never accounts. */
export class GatewayMetrics {
  readonly #counts = new Map<string, number>();
  readonly #buckets = boundsMs.map(() => 0);
  #answered = 0;
  #sumMs = 0;

  observe(event: GatewayEvent): void {
    if (event.type === 'refused') {
      this.#count('coffer_gateway_refused_total', `code="${event.code}"`);
      return;
    }
    if (event.type === 'agent-failed') {
      this.#count('coffer_gateway_agent_failures_total', `member="${event.memberId}",answer="${event.answer}"`);
      return;
    }
    this.#count('coffer_gateway_answered_total', `member="${event.memberId}",group="${event.group}"`);
    this.#answered++;
    this.#sumMs += event.tookMs;
    boundsMs.forEach((boundMs, i) => {
      if (event.tookMs <= boundMs) this.#buckets[i] = (this.#buckets[i] as number) + 1;
    });
  }

  /** The whole page. */
  text(bundles?: BundleSource): string {
    const names = [...new Set([...this.#counts.keys()].map((key) => key.split('{')[0] as string))].sort();
    const counters = names.flatMap((name) => [
      `# TYPE ${name} counter`,
      ...[...this.#counts].filter(([key]) => key.startsWith(`${name}{`)).map(([key, count]) => `${key} ${count}`),
    ]);
    const histogram = 'coffer_gateway_answer_milliseconds';
    return [
      ...counters,
      ...(bundles === undefined ? [] : bundleLines(bundles)),
      `# TYPE ${histogram} histogram`,
      ...boundsMs.map((boundMs, i) => `${histogram}_bucket{le="${boundMs}"} ${this.#buckets[i]}`),
      `${histogram}_bucket{le="+Inf"} ${this.#answered}`,
      `${histogram}_sum ${this.#sumMs}`,
      `${histogram}_count ${this.#answered}`,
      '',
    ].join('\n');
  }

  #count(name: string, labels: string): void {
    const key = `${name}{${labels}}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

/** An epoch that stands still while others are published, or a witnessed time that grows old, is what to watch. */
function bundleLines(bundles: BundleSource): string[] {
  const newest = bundles.newest();
  const gauges: [string, number][] =
    newest === undefined
      ? []
      : [
          ['coffer_gateway_bundle_epoch', newest.epoch],
          ['coffer_gateway_bundle_witnessed_timestamp_milliseconds', newest.witnessedMs],
        ];
  const failures = 'coffer_gateway_bundle_refresh_failures_total';
  return [
    ...gauges.flatMap(([name, value]) => [`# TYPE ${name} gauge`, `${name} ${value}`]),
    `# TYPE ${failures} counter`,
    ...[...bundles.failures()].map(([code, count]) => `${failures}{code="${code}"} ${count}`),
  ];
}
