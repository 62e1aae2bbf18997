import type { Charge } from '../ledger/charge.ts'
import { labelOf } from '../ledger/labels.ts'
import { toUsd } from '../money/nanos.ts'
import { meterNames } from '../usage/meters.ts'
import { chargeJson } from './charge-json.ts'

/** A piece of an export and how many charges it holds. */
export interface ExportChunk {
  readonly text: string
  readonly charges: number
}

/** Reads the charges to export, from their beginning each time. */
export type ChargeReading = () => AsyncIterable<Charge>

const chargesPerChunk = 200

/** Charges as JSON lines. */
export async function* jsonlExport(read: ChargeReading, signal: AbortSignal): AsyncIterable<ExportChunk> {
  yield* inChunks(read(), signal, (charge) => JSON.stringify(chargeJson(charge)))
}

const fields = [
  ...([
    'id',
    'seq',
    'at',
    'bookedAt',
    'provider',
    'model',
    'modelAsked',
    'serviceTier',
    'speed',
    'region',
    'basis',
    'outcome',
    'status',
  ] as const),
  ...(['costUsd', 'costNanos', 'statedNanos', 'reportedNanos', 'match', 'attempt', 'callId', 'durationMs', 'maxOutputTokens'] as const),
  ...(['stopReason', 'responseId', 'batch', 'corrects', 'estimated'] as const),
]

/** Charges as CSV with a header. The labels and meters that occur are gathered first, in a reading of their own. */
export async function* csvExport(read: ChargeReading, signal: AbortSignal): AsyncIterable<ExportChunk> {
  const labels = new Set<string>()
  const used = new Set<string>()
  let hasParts = false
  let lastSeq = 0
  for await (const charge of read()) {
    if (signal.aborted) return
    for (const key in charge.labels) labels.add(key)
    for (const meter in charge.usage) used.add(meter)
    hasParts ||= charge.part !== null
    lastSeq = Math.max(lastSeq, charge.seq)
  }
  const labelKeys = [...labels].toSorted()
  const meters = meterNames.filter((meter) => used.has(meter))
  const columns = [
    ...fields,
    ...meters,
    ...(used.has('attributes') ? ['attributes'] : []),
    ...labelKeys.map((key) => `label.${key}`),
    'metadata',
    ...(hasParts ? ['part'] : []),
  ]
  yield { text: `${columns.map(csvCell).join(',')}\n`, charges: 0 }
  const toRow = (charge: Charge): string => {
    const values = chargeJson({ ...charge })
    const cells = [
      ...fields.map((field) => (field === 'costUsd' && charge.costNanos !== null ? toUsd(charge.costNanos) : values[field])),
      ...meters.map((meter) => charge.usage[meter]),
      ...(used.has('attributes') ? [charge.usage.attributes] : []),
      ...labelKeys.map((key) => labelOf(charge.labels, key)),
      charge.metadata,
      ...(hasParts ? [values['part']] : []),
    ]
    return cells.map(csvCell).join(',')
  }
  yield* inChunks(upTo(lastSeq, read()), signal, toRow)
}

/** What was booked after the labels were gathered may carry others, and is left to the next export. */
async function* upTo(seq: number, charges: AsyncIterable<Charge>): AsyncIterable<Charge> {
  for await (const charge of charges) {
    if (charge.seq <= seq) yield charge
  }
}

async function* inChunks(
  charges: AsyncIterable<Charge>,
  signal: AbortSignal,
  toLine: (charge: Charge) => string,
): AsyncIterable<ExportChunk> {
  let lines: string[] = []
  const chunk = (): ExportChunk => ({ text: `${lines.join('\n')}\n`, charges: lines.length })
  for await (const charge of charges) {
    if (signal.aborted) return
    lines.push(toLine(charge))
    if (lines.length < chargesPerChunk) continue
    yield chunk()
    lines = []
  }
  if (lines.length > 0) yield chunk()
}

/** A cell by RFC 4180; objects are written as JSON. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
