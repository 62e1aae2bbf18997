import { describe, expect, onTestFinished, test } from 'vitest'
import { askForServer, createDatabase } from '../stores/postgres-database.ts'
import { runSimulation } from './run-simulation.ts'
import { type Place, places, type StoreName } from './simulated-stores.ts'
import type { SimulationSummary } from './simulation.ts'

/** Seeds and steps: many short runs meet more states of a ledger than one long run. */
const runs = [1, 2, 4, 5, 8, 10, 17, 20, 21, 41].map((seed) => ({ seed, steps: 160 }))

const traces = new Map<string, string>()
const troubles: Record<string, number> = {}

async function openPlace(name: StoreName): Promise<Place> {
  const place = await places[name](async () => ({ url: await createDatabase(await askForServer()), remove: async () => undefined }))
  onTestFinished(place.end)
  return place
}

async function simulate(name: StoreName, run: { seed: number; steps: number }): Promise<SimulationSummary> {
  return runSimulation({ ...run, create: (await openPlace(name)).create })
}

describe.each(Object.keys(places) as StoreName[])('the gate on %s, simulated', (name) => {
  test.for(runs)('does what a plain list of charges and holds foresees: seed $seed, $steps steps', async (run) => {
    const summary = await simulate(name, run)
    expect(summary.grants).toBeGreaterThan(10)
    expect(summary.denials).toBeGreaterThan(10)
    for (const [trouble, times] of Object.entries(summary.troubles)) troubles[trouble] = (troubles[trouble] ?? 0) + times
    // The same seed answers the same on every store.
    expect(traces.get(JSON.stringify(run)) ?? summary.trace).toBe(summary.trace)
    traces.set(JSON.stringify(run), summary.trace)
  })
})

test('everything went wrong that can', () => {
  for (const trouble of ['disturbed', 'refused', 'lost', 'closed', 'killed'])
    expect(troubles[trouble], `times ${trouble}`).toBeGreaterThan(10)
})

test('the same seed gives the same trace', async () => {
  const [first, second, other] = [
    await simulate('memory', { seed: 5, steps: 30 }),
    await simulate('memory', { seed: 5, steps: 30 }),
    await simulate('memory', { seed: 6, steps: 30 }),
  ]
  expect(second).toEqual(first)
  expect(other.trace).not.toBe(first.trace)
})
