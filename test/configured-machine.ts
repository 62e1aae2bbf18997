import { onTestFinished } from 'vitest'
import { Purser } from '../src/purser.ts'
import type { PurserOptions } from '../src/facade/open-options.ts'
import { type Machine, newMachine } from './cli/run-purser.ts'

/** A user's machine on which this process runs, too: in its project folder, with its home and only its variables of purser. */
export function enterMachine(): Machine {
  const machine = newMachine()
  const [cwd, env] = [process.cwd(), process.env]
  onTestFinished(() => {
    process.chdir(cwd)
    process.env = env
  })
  process.env = { ...machine.env }
  process.chdir(machine.folder)
  return machine
}

/** Opens a ledger by the nearest purser.yaml unless another is named; it is closed when the test ends. */
export async function openConfigured(options: Partial<PurserOptions> = {}): Promise<Purser> {
  const purser = await Purser.open({ config: true, ...options })
  onTestFinished(() => purser.close())
  return purser
}
