import type { RegistrationWorld } from '../../../src/names/registration.js';

/** Steps of a registration into the world: right before and right after each write, each broadcast and the publishing. */
export interface Points {
  readonly world: RegistrationWorld;
  readonly publish: () => Promise<void>;
  passed(): number;
}

/** A world in which `die` is called at the nth of its points. */
export function pointsOf(world: RegistrationWorld, at: number, die: () => void): Points {
  let points = 0;
  const point = (): void => {
    if (++points === at) die();
  };
  const between = async <T>(act: () => Promise<T>): Promise<T> => {
    point();
    const answer = await act();
    point();
    return answer;
  };
  const { journal, payments } = world;
  return {
    world: {
      ...world,
      journal: { ...journal, replace: (entry, expected, bytes) => between(() => journal.replace(entry, expected, bytes)) },
      payments: { ...payments, broadcast: (transaction, options) => between(() => payments.broadcast(transaction, options)) },
    },
    publish: () => between(() => Promise.resolve()),
    passed: () => points,
  };
}
