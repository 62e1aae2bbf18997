import type { Basis, Labels, Outcome } from '../../src/ledger/charge.ts'
import type { CostQuery, Filter } from '../../src/ledger/cost-query.ts'
import type { Usage } from '../../src/usage/usage.ts'

/** A call as the naive ledger keeps it: every sum is worked out from these, one by one. */
export interface NaiveCall {
  readonly id: string
  readonly at: number
  readonly model: string
  readonly labels: Labels
  readonly basis: Basis
  readonly outcome: Outcome
  readonly serviceTier: string
  readonly region: string | null
  readonly estimated: boolean
  readonly stated: bigint | null
  /** As it stands after all records of the call. */
  usage: Usage
}

export interface NaiveRow {
  calls: number
  costNanos: bigint
  planNanos: bigint
  planCalls: number
  inputTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  outputTokens: number
  totalTokens: number
  runs: number
  unpricedCalls: number
  partialCalls: number
  estimatedCalls: number
  estimatedNanos: bigint
  isLowerBound: boolean
  quantity?: number
}

const rates: Readonly<Record<string, Readonly<Record<string, bigint>>>> = {
  big: { inputTokens: 2n, cacheReadTokens: 1n, cacheWrite5mTokens: 3n, outputTokens: 10n, audioSeconds: 6000n },
  'half-known': { inputTokens: 5n },
  local: { inputTokens: 0n, outputTokens: 0n },
}

const quantitiesOf = (usage: Usage): [string, number][] =>
  Object.entries(usage).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0)

interface NaivePrice {
  readonly nanos: bigint
  readonly byMeter: ReadonlyMap<string, bigint>
  readonly unpriced: boolean
  readonly partial: boolean
}

/** Whole seconds only, so that every product is a whole number of nanos. */
export function naivePrice({ model, usage, stated }: Pick<NaiveCall, 'model' | 'usage' | 'stated'>): NaivePrice {
  const known = rates[model] ?? {}
  const used = quantitiesOf(usage)
  const byMeter = new Map(used.filter(([meter]) => meter in known).map(([meter, n]) => [meter, BigInt(n) * (known[meter] ?? 0n)]))
  const complete = used.every(([meter]) => meter in known)
  const nanos = [...byMeter.values()].reduce((a, b) => a + b, 0n)
  if (complete) return { nanos, byMeter, unpriced: false, partial: false }
  if (stated !== null) return { nanos: stated, byMeter, unpriced: false, partial: false }
  return { nanos, byMeter, unpriced: byMeter.size === 0, partial: byMeter.size > 0 }
}

/** Year, month, day, hour, minute and offset of an instant by the runtime's own formatter, not by Temporal. */
function local(at: number, zone: string): { date: string; hour: string; offset: string } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    timeZoneName: 'longOffset',
  }).formatToParts(at)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  const offset = part('timeZoneName').replace('GMT', '')
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    hour: part('hour'),
    offset: offset === '' || offset === '+00:00' ? 'Z' : offset,
  }
}

export function naiveBucket(unit: string, at: number, zone: string, weekStart: number): string {
  const { date, hour, offset } = local(at, zone)
  const [year = '', month = ''] = date.split('-')
  switch (unit) {
    case 'hour':
      return `${date}T${hour}:00${offset}`
    case 'day':
      return date
    case 'week': {
      const midday = new Date(`${date}T12:00:00Z`)
      const weekday = midday.getUTCDay() === 0 ? 7 : midday.getUTCDay()
      return new Date(midday.getTime() - ((weekday - weekStart + 7) % 7) * 86_400_000).toISOString().slice(0, 10)
    }
    case 'month':
      return `${year}-${month}`
    case 'quarter':
      return `${year}-Q${Math.floor((Number(month) - 1) / 3) + 1}`
    default:
      return year
  }
}

const units = new Set(['hour', 'day', 'week', 'month', 'quarter', 'year'])

function valueOf(field: string, call: NaiveCall, query: CostQuery): string | null {
  if (units.has(field)) return naiveBucket(field, call.at, query.timezone, query.weekStart)
  switch (field) {
    case 'provider':
      return 'acme'
    case 'model':
    case 'basis':
    case 'outcome':
    case 'serviceTier':
    case 'region':
      return call[field]
    case 'tier':
      return call.serviceTier
    case 'speed':
      return 'standard'
    case 'service':
      return labelOf(call, 'service') ?? 'acme'
    case 'meter':
      return null
    default:
      return labelOf(call, field)
  }
}

function labelOf(call: NaiveCall, key: string): string | null {
  return Object.entries(call.labels).find(([name]) => name === key)?.[1] ?? null
}

function isAsked(call: NaiveCall, query: CostQuery): boolean {
  if (query.sinceMs !== undefined && call.at < query.sinceMs) return false
  if (query.untilMs !== undefined && call.at >= query.untilMs) return false
  return query.where.every((filter) => agrees(filter, valueOf(filter.field, call, query)))
}

function agrees({ op, values }: Filter, value: string | null): boolean {
  const listed = value !== null && values.includes(value)
  const starts = value !== null && values.some((prefix) => value.slice(0, prefix.length) === prefix)
  return { equals: listed, anyOf: listed, not: !listed, noneOf: !listed, prefix: starts, absent: value === null, present: value !== null }[
    op
  ]
}

export function emptyNaiveRow(): NaiveRow {
  const counts = { calls: 0, planCalls: 0, runs: 0, unpricedCalls: 0, partialCalls: 0, estimatedCalls: 0 }
  const tokens = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0, totalTokens: 0 }
  return { ...counts, ...tokens, costNanos: 0n, planNanos: 0n, estimatedNanos: 0n, isLowerBound: false }
}

/** Answers a question by walking over all calls. Rows by their key as JSON; the total under `total`. */
export function naiveCosts(calls: readonly NaiveCall[], query: CostQuery): { rows: Map<string, NaiveRow>; total: NaiveRow } {
  const groups = new Map<string, { row: NaiveRow; runs: Set<string> }>()
  const total = { row: emptyNaiveRow(), runs: new Set<string>() }
  const group = (key: readonly (string | null)[]): { row: NaiveRow; runs: Set<string> } => {
    const text = JSON.stringify(key)
    const found = groups.get(text) ?? { row: emptyNaiveRow(), runs: new Set<string>() }
    groups.set(text, found)
    return found
  }
  const meterPlace = query.groupBy.indexOf('meter')
  for (const call of calls.filter((each) => isAsked(each, query))) {
    const key = query.groupBy.map((field) => valueOf(field, call, query))
    const price = naivePrice(call)
    addCall(total, call, price.nanos, price)
    if (meterPlace === -1) {
      addCall(group(key), call, price.nanos, price)
      continue
    }
    let rest = price.nanos
    for (const [meter, quantity] of quantitiesOf(call.usage)) {
      const { row } = group(key.with(meterPlace, meter))
      const nanos = price.byMeter.get(meter) ?? 0n
      row.quantity = (row.quantity ?? 0) + quantity
      row[call.basis === 'plan' ? 'planNanos' : 'costNanos'] += nanos
      rest -= nanos
    }
    addCall(group(key), call, rest, price)
  }
  const isDoubtful = (row: NaiveRow | undefined): boolean => row !== undefined && row.unpricedCalls + row.partialCalls > 0
  const rows = new Map(
    [...groups].map(([key, { row, runs }]) => {
      // Calls without a price stand under no meter, and put all meters beside them in doubt.
      const callsKey = meterPlace === -1 ? key : JSON.stringify((JSON.parse(key) as (string | null)[]).with(meterPlace, null))
      return [key, { ...row, runs: runs.size, isLowerBound: isDoubtful(groups.get(callsKey)?.row) }]
    }),
  )
  return { rows, total: { ...total.row, runs: total.runs.size, isLowerBound: isDoubtful(total.row) } }
}

function addCall(into: { row: NaiveRow; runs: Set<string> }, call: NaiveCall, nanos: bigint, price: NaivePrice): void {
  const { row } = into
  const { usage } = call
  row.calls += 1
  if (call.basis === 'plan') {
    row.planCalls += 1
    row.planNanos += nanos
  } else row.costNanos += nanos
  row.inputTokens += usage.inputTokens ?? 0
  row.cacheReadTokens += usage.cacheReadTokens ?? 0
  row.cacheWriteTokens += usage.cacheWrite5mTokens ?? 0
  row.outputTokens += usage.outputTokens ?? 0
  row.totalTokens = row.inputTokens + row.cacheReadTokens + row.cacheWriteTokens + row.outputTokens
  row.unpricedCalls += Number(price.unpriced)
  row.partialCalls += Number(price.partial)
  row.estimatedCalls += Number(call.estimated)
  row.estimatedNanos += call.estimated ? price.nanos : 0n
  const run = call.labels['run']
  if (run !== undefined) into.runs.add(run)
}
