import { basename } from 'node:path'
import { Command } from 'commander'
import { commandAuthor } from '../command-author.ts'
import type { SourceConfig } from '../../config/load-config.ts'
import type { ImportBatch } from '../../facade/import-batch.ts'
import { counted } from '../../text/counted.ts'
import { formatCount } from '../../text/numbers.ts'
import { printable } from '../../text/display-width.ts'
import { renderTable } from '../../text/table.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { describeSource } from '../source-run.ts'
import { paint, terminalWidth } from '../terminal.ts'
import { answerUntracked, isTracking } from '../tracking-off.ts'

export function defineImportList(): Command {
  return new Command('list')
    .description('The imports that booked something, the last first.')
    .action(async (_: unknown, self: Command) => withSession(self, list))
}

export function defineImportUndo(): Command {
  const command = new Command('undo').description('Takes an import back, as if it had not been; its sources are read anew by the next one.')
  return command
    .argument('<batch>', 'as `purser import list` shows it')
    .action(async (batch: string, _: unknown, self: Command) => withSession(self, (session) => undo(session, batch)))
}

async function list(session: Session): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const imports = await purser.imports()
  if (session.json) {
    return writeJson({ imports: imports.map((batch) => ({ ...batch, startedAt: new Date(batch.startedAt).toISOString() })) })
  }
  if (imports.length === 0) return writeLines(['No imports.'])
  const columns = [
    { header: 'batch' },
    { header: 'importer' },
    { header: 'started (UTC)' },
    { header: 'booked', align: 'right' as const },
    { header: 'superseded', align: 'right' as const, dropOrder: 2 },
    { header: 'sources', cutTo: 8, dropOrder: 1 },
  ]
  const rows = imports.map(({ batch, importer, startedAt, booked, superseded, sources }) => [
    batch,
    importer,
    new Date(startedAt).toISOString().slice(0, 16).replace('T', ' '),
    formatCount(booked),
    formatCount(superseded),
    `${printable(basename(sources[0] ?? ''))}${sources.length > 1 ? ` and ${formatCount(sources.length - 1)} more` : ''}`,
  ])
  await writeLines(renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text)))
}

async function undo(session: Session, batch: string): Promise<void> {
  if (!(await isTracking(session))) return answerUntracked(session, 'nothing was taken back')
  const purser = await session.open({ create: false, prices: false })
  const bar = createProgressBar('Taking back')
  const taken = (await purser.imports()).find((each) => each.batch === batch)
  const { removed } = await purser
    .undoImport(batch, (count) => bar.show(count, undefined, 'charges'), commandAuthor())
    .finally(() => bar.end())
  await answerOrSay(`The import ${batch} is taken back.`, () =>
    session.json ? writeJson({ batch, removed }) : writeLines([`Took ${counted(removed, 'charge')} back.`]),
  )
  const again = taken && session.config.sources.find((source) => holds(source, taken))
  if (again !== undefined) {
    const file = session.config.files[0] ?? 'purser.yaml'
    warn(
      `${describeSource(again)} is a source in ${file}, so the next \`purser costs\` or \`purser import\` reads it again. To keep it out, remove or change that source first.`,
    )
  }
}

/** Whether an import read a source, or a part of it. */
function holds({ kind, paths }: SourceConfig, { importer, sources }: ImportBatch): boolean {
  if (kind !== importer) return false
  return paths.length === 0 || sources.some((source) => paths.some((path) => source.includes(path)))
}
