import type { ConfiguredBudgets } from '../config/read-budgets.ts'
import { PurserError } from '../errors.ts'
import type { AppliedFile } from '../facade/apply-file.ts'
import type { Purser } from '../purser.ts'
import { printable } from '../text/display-width.ts'
import { note, warn } from './output.ts'
import { createProgressBar } from './progress-bar.ts'
import type { Session } from './session.ts'

/** Whether a command may go on where the ledger's budgets are those of another file: what only books must. */
type OnOther = 'refuse' | 'warn'

/**
 * Puts the budgets of purser.yaml into force where they changed, and says so. Where nothing is configured, nothing is
 * loaded.
 * @throws PURSER_BAD_CONFIG; with `refuse` also where another file defines the ledger's budgets.
 */
export async function applyBudgets(session: Session, purser: Purser, onOther: OnOther): Promise<void> {
  const { files, hasBudgets } = session.config
  if (files.length === 0 && !hasBudgets) return
  if (!hasBudgets && !files.includes((await purser.budgets.source()) ?? '')) return
  const configured = await session.config.budgets(purser.timezone)
  const path = await definingPath(session, purser, configured)
  const bar = createProgressBar('Counting')
  try {
    const applied = await purser.budgets.apply(path, configured.budgets, {
      origin: 'file',
      onProgress: (charges) => bar.show(charges, undefined, 'charges'),
    })
    bar.end()
    const changes = appliedText(applied)
    if (changes === '') return
    note(`Budgets of ${printable(path)}: ${changes}.`)
    for (const warning of configured.warnings) warn(warning)
  } catch (error) {
    bar.end()
    if (error instanceof PurserError && error.code === 'PURSER_LEDGER_READ_ONLY') return warn(unchangedText(path))
    if (onOther === 'refuse' || !(error instanceof PurserError) || error.code !== 'PURSER_BAD_CONFIG') throw error
    warn(error.message)
  }
}

/** Looking goes on by what the ledger says; what writes fails by itself. */
function unchangedText(path: string): string {
  return `the budgets of ${path} are not those of the ledger, which can only be read: what is said goes by those of the ledger.`
}

/** What putting budgets into force changed, as `created daily; removed weekly`; empty where nothing did. */
export function appliedText({ created, changed, removed }: AppliedFile): string {
  const parts: [string, readonly string[]][] = [
    ['created', created],
    ['changed', changed],
    ['removed', removed],
  ]
  return parts.flatMap(([what, names]) => (names.length === 0 ? [] : [`${what} ${names.join(', ')}`])).join('; ')
}

const environment = 'the environment'

/**
 * The file that stands for the budgets: of two the nearer one that names any, or the environment where only variables
 * do. Where there are none, the file whose budgets the ledger has, so that they go when the file no longer has them.
 */
export async function definingPath(session: Session, purser: Purser, { budgets, from }: ConfiguredBudgets): Promise<string> {
  const { files } = session.config
  const [first = environment] = files
  if (budgets.length === 0) {
    const source = await purser.budgets.source()
    return source !== undefined && files.includes(source) ? source : first
  }
  const places = [...from.values()]
  if (places.every((place) => /^[A-Z_]+$/.test(place))) return environment
  return files.find((file) => places.some((place) => place === file || place.startsWith(`${file}:`))) ?? first
}
