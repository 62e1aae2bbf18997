import { expect, test } from 'vitest'
import { closest } from './closest.ts'

test.each([
  ['modle', ['provider', 'model'], 'model'],
  ['PROJECT', ['project', 'product'], 'project'],
  ['inputToken', ['outputTokens', 'inputTokens'], 'inputTokens'],
  ['', ['ab', 'abc'], 'ab'],
  ['zebra', ['model', 'provider'], undefined],
  ['model', [], undefined],
])('nearest to %j among %j is %j', (name, candidates, expected) => {
  expect(closest(name, candidates)).toBe(expected)
})
