import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import type { Purser } from '../../src/purser.ts'

/** A call that costs so many dollars, as its owner says; a refusal is thrown, as wrapped clients do. */
export async function pay(purser: Purser, dollars: string): Promise<void> {
  const called = await purser.call(
    { amount: { cost: dollars, tokens: 0 }, read: () => ({ provider: 'acme', model: 'big', costUsd: dollars, usage: { inputTokens: 0 } }) },
    async () => undefined,
  )
  if (!called.granted) throw new CallDenied(called)
  await called.booked
}

/** Dollars as nanos. */
export function usd(dollars: number): bigint {
  return BigInt(Math.round(dollars * 1e9))
}

/** What a budget has spent, held and presumed. */
export async function counter(purser: Purser, name = 'daily'): Promise<{ spent: bigint; held: bigint; presumed: bigint }> {
  const found = (await purser.budgets.status()).find(({ budget }) => budget === name)
  if (found === undefined) throw new Error(`No counter of "${name}" is open.`)
  return { spent: found.spent, held: found.held, presumed: found.presumed }
}
