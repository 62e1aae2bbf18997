import type { ChargeInput } from '../../ledger/charge.ts'
import type { Nanos } from '../../money/nanos.ts'
import type { PreparedSettlement } from './settlement-desk.ts'

type Fields = Readonly<Record<string, unknown>>

const settlings: ReadonlySet<unknown> = new Set([
  'partial',
  'partial-uncertain',
  'final',
  'uncertain',
] satisfies PreparedSettlement['settling'][])

/** What stands in a journal: charges that wait, and lines that are none, byte for byte as latin1. */
export interface JournalLines {
  readonly settlements: readonly PreparedSettlement[]
  readonly unreadable: readonly string[]
}

/** A charge that waits, as one line of JSON without its end. */
export function toLine(prepared: PreparedSettlement): string {
  return JSON.stringify(prepared, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/**
 * The lines of a journal. A last one that was cut short when the machine stopped is left out: its charge was not
 * acknowledged.
 */
export function parseLines(bytes: Buffer): JournalLines {
  const lines = bytes.toString('latin1').split('\n')
  const settlements: PreparedSettlement[] = []
  const unreadable: string[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const parsed = parseJson(Buffer.from(line, 'latin1').toString('utf8'))
    if (parsed === undefined && index === lines.length - 1) continue
    const settlement = settlementOf(parsed)
    if (settlement === undefined) unreadable.push(line)
    else settlements.push(settlement)
  }
  return { settlements, unreadable }
}

/** Undefined where it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether it can be booked is for the ledger to say; what has another form than purser writes is no settlement. */
function settlementOf(value: unknown): PreparedSettlement | undefined {
  if (!isFields(value) || !isFields(value['input'])) return undefined
  const { statedNanos, reportedNanos, ...call } = value['input']
  const [stated, reported] = [nanosOf(statedNanos), nanosOf(reportedNanos)]
  if (stated === null || reported === null || !isCall(call)) return undefined
  if (!isText(value['hold']) || !isList(value['ignore'], isText)) return undefined
  if (!settlings.has(value['settling']) || typeof value['isMeasured'] !== 'boolean') return undefined
  const input = {
    ...call,
    ...(stated !== undefined && { statedNanos: stated }),
    ...(reported !== undefined && { reportedNanos: reported }),
  }
  return { ...value, input } as unknown as PreparedSettlement
}

function isCall({ provider, model, at, usage, labels, id, responseId, serves }: Partial<Record<keyof ChargeInput, unknown>>): boolean {
  if (!isText(provider) || !isText(model) || !Number.isFinite(at) || !isFields(usage) || !isTexts(labels)) return false
  const { attributes = {}, ...quantities } = usage
  if (!isTexts(attributes) || !Object.values(quantities).every((quantity) => Number.isFinite(quantity))) return false
  if (![id, responseId].every((each) => each === undefined || isText(each))) return false
  return serves === undefined || isList(serves, (each) => isFields(each) && isTexts(each['labels']) && isText(each['weight']))
}

/** Null where it is no number of nanos. */
function nanosOf(value: unknown): Nanos | null | undefined {
  if (value === undefined) return undefined
  return isText(value) && /^\d+$/.test(value) ? (BigInt(value) as Nanos) : null
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): boolean {
  return isFields(value) && Object.values(value).every(isText)
}

function isList(value: unknown, holds: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
