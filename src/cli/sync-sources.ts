import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import { formatCount } from '../text/numbers.ts'
import { interruptible } from './interrupt.ts'
import { note, warn } from './output.ts'
import { importSource } from './run-import.ts'
import type { Session } from './session.ts'
import { describeSource } from './source-run.ts'

/** Brings the sources of purser.yaml up to date. One that cannot be read is named, and does not keep back the answer. */
export async function syncSources(session: Session, purser: Purser): Promise<void> {
  await interruptible(async (signal) => {
    for (const source of session.config.sources) {
      if (signal.aborted) return
      try {
        const { booked, superseded, skipped } = await importSource(session, purser, source, signal)
        const skippedCount = Object.values(skipped).reduce((sum, count) => sum + count, 0)
        if (booked + superseded > 0) note(`${describeSource(source)}: booked ${formatCount(booked + superseded)}`)
        if (skippedCount > 0) note(`${describeSource(source)}: skipped ${formatCount(skippedCount)} records`)
      } catch (error) {
        const isSourceAtFault = error instanceof PurserError && (error.code === 'PURSER_NOT_FOUND' || error.code === 'PURSER_BAD_ARGUMENT')
        if (!isSourceAtFault) throw error
        warn(`${describeSource(source)} was not brought up to date. ${error.message}`)
      }
    }
  })
}
