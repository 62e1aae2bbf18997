import type { RepriceReport } from '../facade/reprice.ts'
import { formatUsd, formatUsdExact } from '../money/format.ts'
import type { Nanos } from '../money/nanos.ts'
import { counted } from '../text/counted.ts'
import { formatCount } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { wrapText } from '../text/wrap.ts'
import { paint, proseWidth, terminalWidth } from './terminal.ts'

/** What repricing changes, or has changed, as lines for people; what a plan covers is told apart. */
export function repriceLines(report: RepriceReport): string[] {
  const { applied, examined, corrected } = report
  if (corrected === 0) {
    const isKept = report.models.some(({ losing }) => losing > 0)
    return [isKept ? `Nothing changes in ${counted(examined, 'charge')}.` : `${allHave(examined)} in force; nothing changes.`]
  }
  const sum = `${formatCount(corrected)} of ${counted(examined, 'charge')}, ${differences(report)}.`
  const said = applied
    ? `Booked corrections for ${sum}`
    : `Nothing was booked. \`purser reprice --apply\` with the same options corrects ${sum}`
  return [...modelTable(report), '', ...wrapText(said, proseWidth())]
}

/** Charges that keep a price which the catalog no longer has. */
export function losingWarnings({ models }: RepriceReport): string[] {
  return models
    .filter(({ losing }) => losing > 0)
    .map(
      ({ provider, model, losing }) =>
        `${counted(losing, 'charge')} of ${provider}/${model} ${losing === 1 ? 'has' : 'have'} a price that the catalog in force no longer gives; ` +
        `${losing === 1 ? 'it keeps it' : 'they keep it'}. Give the model a price in purser.yaml if it is to change.`,
    )
}

function allHave(examined: number): string {
  return examined === 1 ? 'The 1 charge has the price' : `${formatCount(examined)} charges have the prices`
}

function modelTable({ models }: RepriceReport): string[] {
  const right = 'right' as const
  const columns = [
    { header: 'model', cutTo: 10, cutLast: true as const },
    { header: 'charges', align: right },
    { header: 'newly priced', align: right, dropOrder: 1 },
    { header: 'before', align: right },
    { header: 'after', align: right },
    { header: 'difference', align: right },
  ]
  const rows = models
    .filter(({ charges }) => charges > 0)
    .map(({ provider, model, charges, newlyPriced, beforeNanos, afterNanos }) => [
      `${provider}/${model}`,
      formatCount(charges),
      formatCount(newlyPriced),
      formatUsd(beforeNanos as Nanos),
      formatUsd(afterNanos as Nanos),
      signed(afterNanos - beforeNanos),
    ])
  return renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
}

function differences({ differenceNanos, planDifferenceNanos }: RepriceReport): string {
  const spent = `${signedExactly(differenceNanos)} in all`
  if (planDifferenceNanos === 0n) return spent
  const plan = `${signedExactly(planDifferenceNanos)} of list prices that a plan covers`
  return differenceNanos === 0n ? `${plan}; nothing of what was spent` : `${spent}, and ${plan}`
}

function signed(amount: bigint): string {
  return `${amount > 0n ? '+' : ''}${formatUsd(amount as Nanos)}`
}

/** The exact amount too, where the short one leaves something out. */
function signedExactly(amount: Nanos): string {
  const [short, exact] = [formatUsd(amount), formatUsdExact(amount)]
  return short === exact ? signed(amount) : `${signed(amount)} (${exact} exactly)`
}
