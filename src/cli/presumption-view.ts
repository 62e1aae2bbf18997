import { formatAmount } from '../budgets/amount-text.ts'
import { type HoldView, type Presumption, presumptions } from '../budgets/hold-view.ts'
import { metrics } from '../budgets/budget.ts'
import type { Purser } from '../purser.ts'
import { shellWord } from '../text/shell-word.ts'

const reasons: Readonly<Record<Presumption, string>> = {
  'ran-out': 'it ran out before anybody said what became of it',
  cut: 'a call of it was cut, or timed out, and may have come to more',
  unpriced: 'a call of it has no price',
  unmeasured: 'nobody said how many tokens a call of it used',
}

/** What is presumed spent of a hold and why, and how to say what became of it; undefined where nothing is. */
export function presumedText({ id, presumed, presumedBecause }: HoldView): string | undefined {
  const amounts = metrics.flatMap((metric) => {
    const amount = presumed[metric] ?? 0n
    return amount === 0n ? [] : [formatAmount(metric, amount)]
  })
  if (amounts.length === 0) return undefined
  const because = presumptions.filter((each) => presumedBecause.includes(each)).map((each) => reasons[each])
  return `Of the hold ${id} ${amounts.join(' and ')} still counts as presumed spent: ${because.join(', and ')}. ${resolution(id, presumedBecause, presumed)}`
}

function resolution(id: string, because: readonly Presumption[], presumed: HoldView['presumed']): string {
  const resolve = `\`purser hold resolve ${shellWord(id)}`
  if (because.includes('ran-out')) return `${resolve} --cost USD\` says what it cost, \`--not-sent\` that it was never sent.`
  // A cost answers nothing where only tokens are presumed.
  if (presumed.cost === undefined && because.includes('unmeasured')) return `${resolve} --usage inputTokens=…\` says what it used.`
  if (presumed.cost === undefined) return `${resolve} --usage inputTokens=…\` says what the rest used, \`--not-sent\` that there was none.`
  if (because.includes('unpriced')) {
    return `Give its model a price and run \`purser reprice --apply\`, or say what it cost: ${resolve} --cost USD${tokensOf(presumed)}\`.`
  }
  return `${resolve} --cost USD${tokensOf(presumed)}\` says what the rest cost, \`--not-sent\` that there was none.`
}

function tokensOf({ tokens }: HoldView['presumed']): string {
  return tokens === undefined ? '' : ' --usage inputTokens=…'
}

/** By how much a call took more of a budget than was held for it. */
export async function overrunText(purser: Purser, budget: string, by: bigint): Promise<string> {
  const metric = (await purser.budgets.list()).find((record) => record.budget.name === budget)?.budget.metric ?? 'cost'
  return `the call took ${formatAmount(metric, by)} more of budget "${budget}" than was held for it.`
}
