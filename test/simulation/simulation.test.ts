import { describe, expect, test } from 'vitest'
import { createLedger, everyStore, type StoreKind } from '../stores/every-store.ts'
import { runSimulation, type SimulationSummary } from './run-simulation.ts'

/** Seeds and steps: many short runs meet more states of a ledger than one long run. */
const runs = [1, 2].map((seed) => ({ seed, steps: 60 }))
const longRuns = [1, 2, 4, 5, 8, 10, 17, 20, 21, 41].map((seed) => ({ seed, steps: 160 }))

const traces = new Map<string, string>()

function simulate(kind: StoreKind, { seed, steps }: { seed: number; steps: number }): Promise<SimulationSummary> {
  return runSimulation({ seed, steps, create: (now) => createLedger(kind, { now }) })
}

describe.each(everyStore)('the gate on $name, simulated', (kind) => {
  // A server takes its time, so it does the first of what the others do.
  test.for(kind.name === 'postgres' ? runs : [...runs, ...longRuns])(
    'does what a plain list of charges and holds foresees: seed $seed, $steps steps',
    async (run) => {
      const { trace, grants, denials } = await simulate(kind, run)
      expect(grants).toBeGreaterThan(10)
      expect(denials).toBeGreaterThan(10)
      // The same seed answers the same on every store.
      const name = JSON.stringify(run)
      expect(traces.get(name) ?? trace).toBe(trace)
      traces.set(name, trace)
    },
  )
})

test('the same seed gives the same trace', async () => {
  const [kind] = everyStore
  if (kind === undefined) throw new Error('There is no store.')
  const [first, second, other] = [
    await simulate(kind, { seed: 5, steps: 30 }),
    await simulate(kind, { seed: 5, steps: 30 }),
    await simulate(kind, { seed: 6, steps: 30 }),
  ]
  expect(second).toEqual(first)
  expect(other.trace).not.toBe(first.trace)
})
