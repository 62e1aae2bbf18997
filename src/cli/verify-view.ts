import { measureNames } from '../ledger/measures.ts'
import type { Discrepancy, VerifyReport } from '../stores/store.ts'
import { formatUsdExact } from '../money/format.ts'
import type { Nanos } from '../money/nanos.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import { formatCount } from '../text/numbers.ts'
import { dateOf, slotMs } from '../time/calendar.ts'

const moneyMeasures: ReadonlySet<string> = new Set(['costNanos', 'estimatedNanos'])

/** One measure of a sum that differs; null where there is no such sum. */
export interface Difference {
  readonly measure: string
  readonly stored: string | null
  readonly expected: string | null
}

/** A difference with names in place of numbers. */
export interface NamedDiscrepancy extends Discrepancy {
  /** The date, or for sums by the quarter of an hour the instant, that they are of. */
  readonly when: string | null
  readonly differences: readonly Difference[]
}

export function nameDiscrepancy(found: Discrepancy): NamedDiscrepancy {
  return { ...found, when: whenOf(found.key), differences: differencesOf(found) }
}

/** One difference as lines for people: whose sums, of when, and what differs. */
export function discrepancyLines({ table, key, stored, expected, of, when, differences }: NamedDiscrepancy): string[] {
  if (differences.length === 0) return [printable(`${table} ${key}: kept ${stored}, the charges say ${expected}`)]
  const labels = Object.entries(of?.labels ?? {}).map(([name, value]) => `${name}=${value}`)
  const subject = of?.subject === undefined ? [] : [`${of.subject.kind}=${of.subject.value}`]
  const sku = of === undefined ? [key] : [`${of.sku.provider}/${of.sku.model}`, ...levelsOf(of.sku), ...subject, ...labels]
  return [
    printable(`${when ?? ''} ${sku.join(', ')} (${tableNames[table] ?? table})`.trim()),
    ...differences.map(
      ({ measure, stored: kept, expected: due }) => `  ${measure}: kept ${shown(measure, kept)}, the charges say ${shown(measure, due)}`,
    ),
  ]
}

const tableNames: Readonly<Record<string, string>> = {
  days: 'sums by day',
  slots: 'sums by quarter of an hour',
  subject_days: 'sums by day and subject',
}

function levelsOf({ serviceTier, speed, region, basis, outcome }: NonNullable<Discrepancy['of']>['sku']): string[] {
  const usual = ['standard', 'standard', null, 'metered', 'ok']
  return [serviceTier, speed, region, basis, outcome].filter((value, index) => value !== usual[index]).map(String)
}

function whenOf(key: string): string | null {
  const day = /(?:^|, )day (-?\d+)/.exec(key)?.[1]
  if (day !== undefined) return dateOf(Number(day)).toString()
  const slot = /(?:^|, )slot (-?\d+)/.exec(key)?.[1]
  return slot === undefined ? null : `${new Date(Number(slot) * slotMs).toISOString().slice(0, 16)}Z`
}

/** Sums are written as the measures in order and, at the end, those of the meters. */
function differencesOf({ stored, expected }: Discrepancy): Difference[] {
  const [kept, due] = [partsOf(stored), partsOf(expected)]
  if (kept === undefined && due === undefined) return []
  const named = measureNames.flatMap((measure, index) => {
    const [a, b] = [kept?.[index] ?? null, due?.[index] ?? null]
    return a === b || (isNothing(a) && isNothing(b)) ? [] : [{ measure, stored: a, expected: b }]
  })
  const metersDiffer = (kept?.[measureNames.length] ?? '') !== (due?.[measureNames.length] ?? '')
  // The sums of meters are packed; where nothing else differs it is they that do.
  return named.length > 0 || !metersDiffer ? named : [{ measure: 'sums by meter', stored: 'others', expected: 'others' }]
}

function partsOf(text: string): string[] | undefined {
  const parts = text.split(' ')
  return parts.length >= measureNames.length && /^-?\d+$/.test(parts[0] ?? '') ? parts : undefined
}

function isNothing(value: string | null): boolean {
  return value === null || value === '0'
}

function shown(measure: string, value: string | null): string {
  if (value === null) return 'nothing'
  if (moneyMeasures.has(measure)) return formatUsdExact(BigInt(value) as Nanos)
  return /^-?\d+$/.test(value) ? formatCount(Number(value)) : value
}

/** What was compared: counters and holds only where the ledger has any. */
export function verifiedText({ charges, rows, counters, holds }: Pick<VerifyReport, 'charges' | 'rows' | 'counters' | 'holds'>): string {
  const parts = [counted(charges, 'charge'), counted(rows, 'sum')]
  if (counters + holds > 0) parts.push(counted(counters, 'counter'), counted(holds, 'hold'))
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
