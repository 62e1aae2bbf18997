import type { z } from 'zod'
import { budgetStatusShape, denialShape, grantShape, holdListShape } from '../../src/json/gate-shapes.ts'
import type { Machine, RunOptions } from './run-purser.ts'

/** A record of a call at a cost that is stated. */
export function costing(cost: string, ...more: readonly string[]): string[] {
  return ['record', '--provider', 'acme', '--model', 'upscaler', '--cost', cost, ...more]
}

/** Runs what must succeed. */
export async function done(machine: Machine, args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, out, err } = await machine.run(args, options)
  if (code !== 0) throw new Error(`purser ${args.join(' ')} ended with ${code}: ${err}`)
  return out
}

/** Reserves what must be granted. */
export function granted(machine: Machine, args: readonly string[]): Promise<z.infer<typeof grantShape>> {
  return machine.json(grantShape, ['hold', 'reserve', ...args])
}

/** Reserves what must be denied, with exit code 4 and nothing on standard error. */
export async function denied(machine: Machine, args: readonly string[]): Promise<z.infer<typeof denialShape>> {
  const { code, out, err } = await machine.run(['hold', 'reserve', ...args, '--json'])
  if (code !== 4 || err !== '') throw new Error(`purser hold reserve ${args.join(' ')} ended with ${code}: ${out}${err}`)
  return denialShape.parse(JSON.parse(out))
}

/** The counters of all budgets, or of those named. */
export function statusOf(machine: Machine, ...names: readonly string[]): Promise<z.infer<typeof budgetStatusShape>> {
  return machine.json(budgetStatusShape, ['budgets', 'status', ...names])
}

export async function holdsOf(machine: Machine, ...args: readonly string[]): Promise<z.infer<typeof holdListShape>['holds']> {
  return (await machine.json(holdListShape, ['hold', 'list', ...args])).holds
}
