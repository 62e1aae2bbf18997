import { resolve } from 'node:path'
import { Command } from 'commander'
import type { SourceConfig } from '../../config/load-config.ts'
import type { SourceKind } from '../../config/config-shape.ts'
import { PurserError } from '../../errors.ts'
import type { Basis } from '../../ledger/charge.ts'
import { bases } from '../../ledger/charge.ts'
import type { ImportSummary } from '../../importers/importer.ts'
import { printable } from '../../text/display-width.ts'
import { checkZone } from '../../time/calendar.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { collect, wholePairs } from '../call-options.ts'
import { interruptible } from '../interrupt.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { exitCodes } from '../report-error.ts'
import { importLines, importSource, isAllSkipped, nothingThere } from '../run-import.ts'
import { type Session, withSession } from '../session.ts'
import { describeSource } from '../source-run.ts'
import { checkLabels, trySource } from '../sync-sources.ts'
import { isTracking } from '../tracking-off.ts'
import { defineImportList, defineImportUndo } from './import-batches.ts'

interface ImportOptions {
  readonly label?: readonly string[]
  readonly basis?: string
  readonly map?: string
  readonly provider?: string
  readonly model?: string
  readonly timezone?: string
  readonly delimiter?: string
}

const examples = `
Examples:
  purser import                                  every source of purser.yaml
  purser import claude-code                      what Claude Code wrote in its own folder
  purser import claude-code ~/backup/.claude --basis metered --label machine=old
  purser import codex
  purser import csv calls.csv --map at=TIMESTAMP,inputTokens=ContextTokens,outputTokens=GeneratedTokens \\
      --provider openai --model gpt-4o --label project=azure
  purser import csv bill.csv --map at=date,provider=vendor,model=sku,costUsd=amount,label:team=owner
  purser import jsonl charges.jsonl
  purser import list
  purser import undo imp_01…

A second import reads only what is new. Bad records are counted and named, and the others are booked.`

export function defineImport(): Command {
  const command = new Command('import').description('Books calls from records that exist already; the same call is booked once.')
  command.addHelpText('after', examples).action(async (_: unknown, self: Command) => withSession(self, importAll))
  command.addCommand(
    new Command('all')
      .description('Every source of purser.yaml.')
      .action(async (_: unknown, self: Command) => withSession(self, importAll)),
  )
  command.addCommand(defineSession('claude-code', 'The transcripts of Claude Code.', 'those of CLAUDE_CONFIG_DIR or ~/.claude'))
  command.addCommand(defineSession('codex', 'The sessions of Codex.', 'those of CODEX_HOME or ~/.codex'))
  command.addCommand(defineRecords('csv', 'Rows of a CSV file with a header line.', 'at=TIMESTAMP,inputTokens=ContextTokens'))
  command.addCommand(
    defineRecords(
      'jsonl',
      'JSON lines, or a JSON document: exported charges, records, raw responses, cost logs.',
      'at=time,model=meta.model',
    ),
  )
  return command.addCommand(defineImportList()).addCommand(defineImportUndo())
}

function defineSession(kind: SourceKind, description: string, fallback: string): Command {
  return addCommon(new Command(kind).description(description).argument('[paths...]', `files or folders; else ${fallback}`)).action(
    async (paths: string[], options: ImportOptions, self: Command) =>
      withSession(self, (session) => importOne(session, toSource(kind, paths, options, session))),
  )
}

function defineRecords(kind: 'csv' | 'jsonl', description: string, example: string): Command {
  const command = addCommon(new Command(kind).description(description).argument('<files...>', 'the files'))
    .option('--map <list>', `where each field of a call comes from: ${example}`)
    .option('--provider <name>', 'of records that name none')
    .option('--model <name>', 'of records that name none')
    .option('--timezone <zone>', "of times without an offset; the ledger's unless said otherwise")
  if (kind === 'csv') command.option('--delimiter <text>', 'what separates columns; found from the first line unless given')
  return command.action(async (paths: string[], options: ImportOptions, self: Command) =>
    withSession(self, (session) => importOne(session, toSource(kind, paths, options, session))),
  )
}

function addCommon(command: Command): Command {
  return command
    .option('--label <key=value>', 'a label for every call; give it once for each', collect)
    .option('--basis <name>', 'metered, plan (covered by a subscription) or free')
}

function toSource(kind: SourceKind, paths: readonly string[], options: ImportOptions, { cwd }: Session): SourceConfig {
  const { label = [], basis, map, provider, model, timezone, delimiter } = options
  if (basis !== undefined && !(bases as readonly string[]).includes(basis)) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `--basis is "${basis}"; it must be one of ${bases.join(', ')}.`)
  }
  return {
    kind,
    paths: paths.map((path) => resolve(cwd, path)),
    ...(label.length > 0 && { labels: Object.fromEntries(wholePairs('--label', label)) }),
    ...(basis !== undefined && { basis: basis as Basis }),
    ...(map !== undefined && { map }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(timezone !== undefined && { timezone: checkZone(timezone) }),
    ...(delimiter !== undefined && { delimiter: delimiter === String.raw`\t` ? '\t' : delimiter }),
  }
}

async function importOne(session: Session, source: SourceConfig): Promise<void> {
  await checkLabels(source)
  if (!(await isTracking(session))) return session.json ? writeJson({ tracking: false }) : undefined
  const purser = await session.open({ create: true, prices: true })
  await applyBudgets(session, purser, 'warn')
  await interruptible(async (signal) => {
    const summary = await importSource(session, purser, source, signal)
    await answerOrSay(saidOf(summary), () =>
      session.json ? writeJson(summaryJson(summary, signal.aborted)) : writeLines(importLines(summary, signal.aborted)),
    )
    const missing = nothingThere(source, summary, session.env)
    if (missing !== undefined) warn(missing)
    if (isAllSkipped(summary) && !signal.aborted) {
      warn('Nothing that was read is a record of a call, so nothing was booked.')
      process.exitCode = exitCodes.badInput
    }
  })
}

async function importAll(session: Session): Promise<void> {
  const { sources, files } = session.config
  if (sources.length === 0) {
    const where =
      files[0] === undefined ? '`purser init` writes a purser.yaml that can name them.' : `Name them under "sources:" in ${files[0]}.`
    throw new PurserError('PURSER_BAD_ARGUMENT', `No sources are configured. ${where} Or import one: \`purser import claude-code\`.`)
  }
  if (!(await isTracking(session))) return session.json ? writeJson({ tracking: false }) : undefined
  const purser = await session.open({ create: true, prices: true })
  await applyBudgets(session, purser, 'warn')
  await interruptible(async (signal) => {
    const imports: Record<string, unknown>[] = []
    for (const source of sources) {
      if (signal.aborted) break
      const summary = await trySource(source, () => importSource(session, purser, source, signal))
      if (summary === undefined) {
        process.exitCode = exitCodes.badInput
        continue
      }
      const missing = nothingThere(source, summary, session.env)
      if (missing !== undefined) warn(missing)
      const name = printable(describeSource(source))
      if (session.json) imports.push({ source: describeSource(source), ...summaryJson(summary, signal.aborted) })
      else await writeLines([`${name}:`, ...importLines(summary, signal.aborted).map((line) => `  ${line}`)])
    }
    if (session.json) await writeJson({ imports })
  })
}

function saidOf({ batch, booked, superseded }: ImportSummary): string {
  return booked + superseded === 0 ? 'Nothing was booked.' : `What was read is booked as import ${batch}.`
}

function summaryJson(summary: ImportSummary, interrupted: boolean): Record<string, unknown> {
  return { ...summary, ...(interrupted && { interrupted: true }) }
}
