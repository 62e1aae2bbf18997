import { parseArgs } from 'node:util'
import { PostgresServer } from '../stores/postgres-server.ts'
import { runSimulation } from './run-simulation.ts'
import { type Database, places, type StoreName } from './simulated-stores.ts'
import type { SimulationSummary } from './simulation.ts'

const usage = `Usage: npm run sim -- [--seed N] [--steps M] [--seeds K] [--store ${Object.keys(places).join('|')}] [--budgets 1..6] [--trace]

Runs K seeds from N on (default: one seed, 1000 steps, on sqlite), and stops at the first step after which the ledger is
not what a plain list of charges and holds foresees. The same seed does the same on every store.`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '1000' },
    store: { type: 'string', default: 'sqlite' },
    budgets: { type: 'string', default: '5' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const [seed, seeds, steps, budgets] = [values.seed, values.seeds, values.steps, values.budgets].map(Number)
const open = places[values.store as StoreName] as (typeof places)[StoreName] | undefined
const isRight = [seed, seeds, steps, budgets].every((value) => Number.isSafeInteger(value)) && open !== undefined

let told = performance.now()

if (values.help || !isRight) {
  console.log(usage)
  process.exitCode = values.help ? 0 : 2
} else {
  await runSeeds(seed ?? 1, seeds ?? 1)
}

async function runSeeds(first: number, count: number): Promise<void> {
  const place = await open?.(createDatabase)
  if (place === undefined) return
  try {
    for (let next = first; next < first + count; next += 1) {
      const onLine = values.trace ? { onLine: (line: string) => console.log(line) } : {}
      const summary = await runSimulation({
        seed: next,
        steps: steps ?? 0,
        budgets: budgets ?? 5,
        create: place.create,
        onProgress,
        ...onLine,
      })
      console.log(`seed ${next}: ${steps} steps, ${textOf(summary)}, trace ${summary.trace}`)
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  } finally {
    await place.end()
  }
}

async function createDatabase(): Promise<Database> {
  const server = await PostgresServer.create()
  return { url: server.url(), remove: () => server.remove() }
}

function onProgress(step: number, summary: () => SimulationSummary): void {
  if (performance.now() - told < 2000) return
  told = performance.now()
  console.error(`  step ${step}: ${textOf(summary())}`)
}

function textOf({ operations, grants, denials, troubles, events }: SimulationSummary): string {
  const counted = Object.entries({ ...troubles, ...events }).map(([kind, count]) => `${count} ${kind}`)
  return [`${operations} operations`, `${grants} grants`, `${denials} denials`, ...counted].join(', ')
}
