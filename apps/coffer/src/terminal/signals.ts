const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof signals)[number];

/** A wish to stop, from Ctrl-C or a supervisor. A second one is not waited for. */
export interface StopWatch {
  readonly signalled: Promise<StopSignal>;
  readonly isStopped: boolean;
  release(): void;
}

/**
 * Takes over the signals until it is released.
 * @param withParent - whether the end of standard input, which comes when a parent ends, is such a wish too.
 */
export function stopSignal({ withParent = false }: { readonly withParent?: boolean } = {}): StopWatch {
  let isStopped = false;
  let settle: (signal: StopSignal) => void = () => undefined;
  const signalled = new Promise<StopSignal>((resolve) => {
    settle = resolve;
  });
  const handler = (signal: NodeJS.Signals): void => {
    // Whoever asks twice wants it now; the daemons notice that we are gone, and go too.
    if (isStopped) process.exit(130);
    isStopped = true;
    settle(signal as StopSignal);
  };
  for (const signal of signals) process.on(signal, handler);
  if (withParent) process.stdin.on('end', () => handler('SIGTERM')).resume();
  return {
    signalled,
    get isStopped() {
      return isStopped;
    },
    release() {
      for (const signal of signals) process.off(signal, handler);
    },
  };
}
