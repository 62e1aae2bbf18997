import { rankOf } from '../runs/profiles/profile.ts'
import { printable } from '../text/display-width.ts'
import { renderTable } from '../text/table.ts'
import type { ProfileJson } from '../json/profile-json.ts'
import { paint, terminalWidth, wrapNotes } from './terminal.ts'

/** One profile in full. */
export function profileLines({ name, choices, stepDown, warnings }: ProfileJson, inForce: string): string[] {
  const columns = [
    { header: 'stage', cutTo: 6 },
    { header: 'role', cutTo: 6 },
    { header: 'pass', cutTo: 5 },
    { header: 'model', cutTo: 12 },
  ]
  const rows = choices.map(({ stage, role, pass, model, resolved }) => [
    stage ?? 'any',
    role ?? 'any',
    pass ?? 'any',
    resolved ?? `${model} (no price)`,
  ])
  const notes = [...(stepDown === null ? [] : [stepDownText(stepDown)]), ...warnings.map((warning) => printable(warning))]
  return [
    `${paint('bold', printable(name))}${inForce === '' ? '' : `  ${inForce}`}`,
    '',
    ...renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text)),
    ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes)]),
  ]
}

/** All profiles, one a line. */
export function profileTable(profiles: readonly ProfileJson[], inForceFor: (name: string) => string): string[] {
  const columns = [
    { header: 'profile', cutTo: 8, cutLast: true as const },
    { header: 'default', cutTo: 12 },
    { header: 'others', align: 'right' as const, dropOrder: 2 },
    { header: 'steps down', cutTo: 10, dropOrder: 1 },
    { header: 'in force', cutTo: 8 },
  ]
  const rows = profiles.map(({ name, choices, stepDown }) => {
    const fallback = choices.find((choice) => rankOf(choice) === 0)
    const others = choices.length - (fallback === undefined ? 0 : 1)
    const down = stepDown === null ? '' : `to ${stepDown.to} at ${stepDown.atPercent}%`
    return [name, fallback === undefined ? '(none)' : (fallback.resolved ?? fallback.model), String(others), down, inForceFor(name)]
  })
  return renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
}

function stepDownText({ to, atPercent, budget }: NonNullable<ProfileJson['stepDown']>): string {
  const which = budget === null ? 'a budget that applies' : `budget "${budget}"`
  return printable(`Steps down to "${to}" while ${which} has ${atPercent}% of its limit spent or presumed.`)
}
