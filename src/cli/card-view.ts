import type { Card, Conditions, Rate } from '../pricing/card.ts'
import type { FoundCard } from '../pricing/catalog.ts'
import { plural } from '../text/counted.ts'
import { printableLines } from '../text/display-width.ts'
import { formatCompact } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { meters } from '../usage/meters.ts'
import { paint, terminalWidth } from './terminal.ts'

/** Models with the prices that people ask for first, one a line. */
export function modelLines(cards: readonly Card[]): string[] {
  const right = 'right' as const
  const columns = [
    { header: 'provider', cutTo: 8 },
    { header: 'model', cutTo: 12, cutLast: true as const },
    { header: 'input', align: right },
    { header: 'output', align: right },
    { header: 'else', dropOrder: 2, cutTo: 24 },
    { header: 'from', dropOrder: 3 },
    { header: 'checked', dropOrder: 4 },
  ]
  const rows = cards.map((card) => [
    card.provider,
    card.model,
    amountOf(card, 'inputTokens'),
    amountOf(card, 'outputTokens'),
    elseOf(card),
    card.validFrom?.slice(0, 10) ?? '',
    card.checkedAt.slice(0, 10),
  ])
  return renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
}

function amountOf(card: Card, meter: Rate['meter']): string {
  const rate = card.rates.find((each) => each.meter === meter && each.when === undefined && each.from === undefined)
  return rate === undefined ? '' : amount(rate)
}

function elseOf(card: Card): string {
  const rate = card.rates.find((each) => each.from === undefined && !each.meter.endsWith('Tokens'))
  return rate === undefined ? '' : `${rate.meter} ${amount(rate)}`
}

function amount({ usd, per, meter }: Rate): string {
  const { unit } = meters[meter]
  if (unit === 'token' && per === 1_000_000) return `$${usd}/M`
  return `$${usd}/${per === 1 ? unit : `${formatCompact(per)} ${plural(unit)}`}`
}

/** A card in full. */
export function cardLines({ card, origin, match }: FoundCard): string[] {
  const right = 'right' as const
  const columns = [{ header: 'meter' }, { header: 'rate', align: right }, { header: 'when', cutTo: 10 }]
  const rows = card.rates.map((rate) => [rate.meter, amount(rate), whenText(rate)])
  const period = [
    card.validFrom === undefined ? '' : `from ${card.validFrom}`,
    card.validUntil === undefined ? '' : `until ${card.validUntil}`,
  ]
  return [
    paint('bold', printableLines(`${card.provider}/${card.model}`)),
    `  ${[`${origin} card`, `matched ${match}`, ...period.filter(Boolean)].join(', ')}`,
    `  ${printableLines(card.source)}, checked ${card.checkedAt}`,
    ...(card.note === undefined ? [] : [`  ${printableLines(card.note)}`]),
    '',
    ...renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text)),
    ...(card.modifiers ?? []).map(
      ({ when, factor, meters: concerned }) =>
        `× ${factor} ${conditionsText(when)}${concerned === undefined ? '' : `, on ${concerned.join(', ')}`}`,
    ),
  ]
}

function whenText({ from, when, minimum, increment, meter }: Rate): string {
  const parts = [
    ...(when === undefined ? [] : [conditionsText(when)]),
    ...(from === undefined ? [] : [`prompt above ${formatCompact(from)} tokens`]),
    ...(minimum === undefined ? [] : [`at least ${amountOfUnit(minimum, meter)}`]),
    ...(increment === undefined ? [] : [`in steps of ${amountOfUnit(increment, meter)}`]),
  ]
  return parts.join(', ')
}

function amountOfUnit(count: number, meter: Rate['meter']): string {
  const { unit } = meters[meter]
  return `${count} ${count === 1 ? unit : plural(unit)}`
}

/** Conditions in words, separated by commas. */
export function conditionsText({ hours, attributes, ...levels }: Conditions): string {
  return [
    ...Object.entries(levels).map(([name, value]) => `${name} ${value}`),
    ...Object.entries(attributes ?? {}).map(([name, value]) => `${name} ${value}`),
    ...(hours ?? []).map(
      ({ from, to, zone, weekdays }) => `${from} to ${to} ${zone}${weekdays === undefined ? '' : ` on days ${weekdays.join(', ')}`}`,
    ),
  ].join(', ')
}
