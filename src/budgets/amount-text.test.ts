import { expect, test } from 'vitest'
import { formatBudget, formatLabels } from './amount-text.ts'

test('a label that is missing reads otherwise than any value', () => {
  const read = [{}, { project: 'none' }, { project: '(none)' }, { project: 'atlas' }].map((labels) => formatLabels(labels, ['project']))
  expect(read).toEqual(['project=(none)', 'project=none', 'project="(none)"', 'project=atlas'])
  expect(formatLabels({}, ['toString'])).toBe('toString=(none)')
  expect(formatBudget('team', { project: 'a' }, ['project', 'stage'])).toBe('"team" (project=a, stage=(none))')
})
