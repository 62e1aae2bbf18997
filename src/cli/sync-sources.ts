import type { SourceConfig } from '../config/load-config.ts'
import { PurserError } from '../errors.ts'
import type { ImportSummary } from '../importers/importer.ts'
import type { Purser } from '../purser.ts'
import { counted } from '../text/counted.ts'
import { formatCount } from '../text/numbers.ts'
import { interruptible } from './interrupt.ts'
import { note, warn } from './output.ts'
import { importSource, readBeforeLines } from './run-import.ts'
import type { Session } from './session.ts'
import { describeSource } from './source-run.ts'

/** Brings the sources of purser.yaml up to date. One that cannot be read is named, and does not keep back the answer. */
export async function syncSources(session: Session, purser: Purser): Promise<void> {
  await interruptible(async (signal) => {
    for (const source of session.config.sources) {
      if (signal.aborted) return
      const summary = await trySource(source, () => importSource(session, purser, source, signal))
      if (summary === undefined) continue
      const { booked, superseded, skipped } = summary
      const skippedCount = Object.values(skipped).reduce((sum, count) => sum + count, 0)
      if (booked + superseded > 0) note(`${describeSource(source)}: booked ${formatCount(booked + superseded)}`)
      for (const line of readBeforeLines(summary)) note(line)
      if (skippedCount > 0) note(`${describeSource(source)}: skipped ${counted(skippedCount, 'record')}`)
    }
  })
}

/** Imports a source; undefined, with a warning, where the source itself is at fault. */
export async function trySource(source: SourceConfig, work: () => Promise<ImportSummary>): Promise<ImportSummary | undefined> {
  try {
    await checkLabels(source)
    return await work()
  } catch (error) {
    if (!(error instanceof PurserError) || !ofTheSource.has(error.code)) throw error
    warn(`${describeSource(source)} was not brought up to date. ${error.message}`)
    return undefined
  }
}

const ofTheSource = new Set<PurserError['code']>([
  'PURSER_NOT_FOUND',
  'PURSER_BAD_ARGUMENT',
  'PURSER_BAD_LABEL',
  'PURSER_SECRET_IN_LABEL',
  'PURSER_BAD_TIME',
  'PURSER_BAD_RECORD',
  'PURSER_BAD_CONFIG',
])

/** A label that breaks a rule would make every record one that is skipped. */
export async function checkLabels({ labels }: SourceConfig): Promise<void> {
  if (labels === undefined) return
  const { parseLabels } = await import('../ledger/labels.ts')
  parseLabels(labels)
}
