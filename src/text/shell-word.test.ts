import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellWord } from './shell-word.ts'

test('what a shell takes as one word is left as it is', () => {
  expect(['call-1', 'run:42/draft', 'a@b.c'].map(shellWord)).toEqual(['call-1', 'run:42/draft', 'a@b.c'])
})

test.skipIf(process.platform === 'win32').each(['a b; rm -rf', '', "it's $HOME", '`id`', 'a\\b', '"quoted"', '*', 'näht'])(
  'a shell reads %j as it was',
  (text) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text)
  },
)
