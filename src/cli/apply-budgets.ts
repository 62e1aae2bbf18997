import type { AppliedFile } from '../facade/apply-file.ts'
import { applyConfigured } from '../facade/apply-configured.ts'
import type { Purser } from '../purser.ts'
import { printable } from '../text/display-width.ts'
import { note, warn } from './output.ts'
import { createProgressBar } from './progress-bar.ts'
import type { Session } from './session.ts'

/**
 * Puts the budgets of purser.yaml into force where they changed, and says so. Where nothing is configured, nothing is
 * loaded.
 * @throws PURSER_BAD_CONFIG; with `refuse` also where another file defines the ledger's budgets.
 */
export async function applyBudgets(session: Session, purser: Purser, onOther: 'refuse' | 'warn'): Promise<void> {
  const bar = createProgressBar('Counting')
  const onProgress = (charges: number): void => bar.show(charges, undefined, 'charges')
  const done = await applyConfigured(session.config, purser, { onOther, onProgress }).finally(() => bar.end())
  if (done === undefined) return
  const { path, configured, applied, unapplied } = done
  if (unapplied !== undefined) warn(unapplied)
  const changes = applied === undefined ? '' : appliedText(applied)
  if (changes === '') return
  note(`Budgets of ${printable(path)}: ${changes}.`)
  for (const warning of configured.warnings) warn(warning)
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
