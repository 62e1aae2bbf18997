import { existsSync } from 'node:fs'
import type { SourceConfig } from '../config/load-config.ts'
import type { ImportSummary } from '../importers/importer.ts'
import type { Purser } from '../purser.ts'
import { printable } from '../text/display-width.ts'
import { counted } from '../text/counted.ts'
import { formatBytes, formatCount } from '../text/numbers.ts'
import { createProgressBar } from './progress-bar.ts'
import type { Session } from './session.ts'
import { sessionFolders } from './session-folders.ts'
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

/** Where an import looked, if it found no records because there is nothing there. */
export function nothingThere({ kind, paths }: SourceConfig, { read }: ImportSummary, env: NodeJS.ProcessEnv): string | undefined {
  if (read > 0 || paths.length > 0 || (kind !== 'claude-code' && kind !== 'codex')) return undefined
  const folders = sessionFolders(kind, env)
  if (folders.some((folder) => existsSync(folder))) return undefined
  return `No records of ${kind} were found: there is no ${folders.join(', and no ')}. Name a folder: purser import ${kind} PATH`
}

/** Whether an import could make nothing of what it read. */
export function isAllSkipped({ read, booked, superseded, duplicates }: ImportSummary): boolean {
  return read > 0 && booked + superseded + duplicates === 0
}

const shownPlaces = 3

/** What an import did, as lines for people: the counts, and where records were skipped and why. */
export function importLines(summary: ImportSummary, interrupted: boolean): string[] {
  const { read, booked, superseded, duplicates, skipped, skippedAt, seconds, batch, knownFiles = [], unfinished = [] } = summary
  const { unknownHolds = 0 } = summary
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
  for (const file of knownFiles.slice(0, shownPlaces)) lines.push(`  all of it was known already: ${printable(file)}`)
  if (knownFiles.length > shownPlaces) lines.push(`    and ${formatCount(knownFiles.length - shownPlaces)} more files`)
  for (const file of unfinished.slice(0, shownPlaces)) {
    lines.push(`  the last line of ${printable(file)} is unfinished; the next import reads it`)
  }
  if (unfinished.length > shownPlaces) lines.push(`    and ${formatCount(unfinished.length - shownPlaces)} more files`)
  if (unknownHolds > 0) lines.push(`  ${counted(unknownHolds, 'call')} named a hold that this ledger does not have, booked without it`)
  lines.push(...readBeforeLines(summary))
  if (interrupted) lines.push('Stopped. What was booked stays; the next import goes on from there.')
  return lines
}

/** Which files were read before with other options, and what to do about it. */
export function readBeforeLines({ readBefore = [] }: ImportSummary): string[] {
  return [...countBy(readBefore.map((each) => each.batch))].flatMap(([before, count]) => [
    `  ${count === 1 ? 'A file was' : `${formatCount(count)} files were`} read before with other options, and what was booked then stays.`,
    `    to read anew with these: purser import undo ${before}, then import again`,
  ])
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
