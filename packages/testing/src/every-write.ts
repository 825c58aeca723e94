import { type PersistPoint, persistPlaces } from './persist-points.js';
import { type Scenario, type SimReport, simulate } from './simulate.js';

/** Both sides of every durable write that a schedule makes: in each HSM, each replica, the ledger and each client's store. */
export async function persistPointsOf(scenario: Scenario): Promise<readonly PersistPoint[]> {
  const { writes } = await simulate(scenario);
  return persistPlaces.flatMap((place) =>
    Array.from({ length: writes[place] }, (_, i) => i + 1).flatMap((write) => [
      { place, write, moment: 'before' as const },
      { place, write, moment: 'after' as const },
    ]),
  );
}

/**
 * The crash matrix of a whole fleet: the schedule once for each of these points, with the death of whoever writes there.
 * @throws SimulationError for the first one that does not come to a good end.
 */
export async function* crashAtEach(scenario: Scenario, points: readonly PersistPoint[]): AsyncGenerator<SimReport> {
  for (const crashAt of points) yield await simulate({ ...scenario, crashAt });
}
