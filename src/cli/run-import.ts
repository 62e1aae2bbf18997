import type { SourceConfig } from '../config/load-config.ts'
import type { ImportSummary } from '../importers/importer.ts'
import type { Purser } from '../purser.ts'
import { printable } from '../text/display-width.ts'
import { formatBytes, formatCount } from '../text/numbers.ts'
import { createProgressBar } from './progress-bar.ts'
import type { Session } from './session.ts'
import { sourceRun } from './source-run.ts'

/** Imports one source with a progress bar; whatever it has booked stays when the signal ends it. */
export async function importSource(session: Session, purser: Purser, source: SourceConfig, signal: AbortSignal): Promise<ImportSummary> {
  const bar = createProgressBar(`Importing ${source.kind}`)
  const run = sourceRun(source, session.config.timezone ?? purser.timezone, session.env)
  try {
    const { paths: _paths, ...settings } = source
    return await purser.import(source.kind, run, {
      signal,
      settings,
      onProgress: ({ doneBytes, totalBytes, booked }) =>
        bar.show(doneBytes, totalBytes, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, ${formatCount(booked)} booked`),
    })
  } finally {
    bar.end()
  }
}

const shownPlaces = 3

/** What an import did, as lines for people: the counts, and where records were skipped and why. */
export function importLines(summary: ImportSummary, interrupted: boolean): string[] {
  const { read, booked, superseded, duplicates, skipped, skippedAt, seconds, batch, readBefore = [] } = summary
  const skippedCount = Object.values(skipped).reduce((sum, count) => sum + count, 0)
  const counts = [
    `read ${formatCount(read)}`,
    `booked ${formatCount(booked)}`,
    ...(superseded > 0 ? [`superseded ${formatCount(superseded)}`] : []),
    ...(duplicates > 0 ? [`already known ${formatCount(duplicates)}`] : []),
    ...(skippedCount > 0 ? [`skipped ${formatCount(skippedCount)}`] : []),
  ]
  const lines = [`${counts.join(', ')} in ${seconds.toFixed(1)} s`]
  for (const [reason, count] of Object.entries(skipped)) {
    const places = (skippedAt[reason] ?? []).slice(0, shownPlaces)
    lines.push(`  ${formatCount(count)} skipped, ${printable(reason)}:`, ...places.map((place) => `    ${printable(place)}`))
    if (count > places.length) lines.push(`    and ${formatCount(count - places.length)} more`)
  }
  if (booked + superseded > 0) lines.push(`  to take it back: purser import undo ${batch}`)
  for (const [before, count] of countBy(readBefore.map((each) => each.batch))) {
    lines.push(
      `  ${count === 1 ? 'A file was' : `${formatCount(count)} files were`} read before with other options, and what was booked then stays.`,
    )
    lines.push(`    to read anew with these: purser import undo ${before}, then import again`)
  }
  if (interrupted) lines.push('Stopped. What was booked stays; the next import goes on from there.')
  return lines
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
