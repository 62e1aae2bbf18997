import { BudgetMaker } from './budgets.ts'
import { Clock } from './clock.ts'
import { Mismatch } from './mismatch.ts'
import { Random } from './random.ts'
import type { SimulatedLedger } from './simulated-ledger.ts'
import { Simulation, type SimulationSummary } from './simulation.ts'

export interface SimulationSettings {
  readonly seed: number
  readonly steps: number
  /** At most this many budgets are in force. */
  readonly budgets?: number
  readonly create: (now: () => number) => Promise<SimulatedLedger>
  readonly onProgress?: (step: number, summary: () => SimulationSummary) => void
  /** Told of each thing that happens. */
  readonly onLine?: (line: string) => void
}

/**
 * Runs one seed, and compares the store with the model after every step.
 * @throws an Error whose message is the report: seed, step, operation, expected, actual, and the last twenty steps
 */
export async function runSimulation({
  seed,
  steps,
  budgets: count = 5,
  create,
  onProgress,
  onLine,
}: SimulationSettings): Promise<SimulationSummary> {
  const random = new Random(seed)
  const clock = new Clock(random)
  const maker = new BudgetMaker(random, count)
  const simulation = new Simulation(random, clock, await create(() => clock.now), maker, onLine)
  let step = 0
  try {
    await simulation.begin(maker)
    while (step < steps) {
      step += 1
      await simulation.step(step)
      onProgress?.(step, () => simulation.summary())
    }
  } catch (error) {
    throw new Error(reportOf(seed, step, error, simulation.history()), { cause: error })
  }
  return simulation.summary()
}

function reportOf(seed: number, step: number, error: unknown, history: string): string {
  const lines = [`seed ${seed}, step ${step}`]
  if (error instanceof Mismatch) lines.push(`operation ${error.operation}`, `expected  ${error.expected}`, `actual    ${error.actual}`)
  else lines.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return [...lines, '', 'the last steps:', history].join('\n')
}
